"""What MLflow gets of a model: a frame beside the rows that it was given."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spark_jobs.bundle import pyfunc
from spark_jobs.bundle.manifest import Input, Manifest
from spark_jobs.bundle.predictor import Predictor
from spark_jobs.bundle.pyfunc import GraphModel
from spark_jobs.errors import JobError


class Session:
    """Stands in for ONNX Runtime's: says what it is told to, whatever it is asked, and remembers that."""

    def __init__(self, **answers) -> None:
        self.answers, self.asked = answers, None

    def get_outputs(self):
        return [SimpleNamespace(name=name) for name in self.answers]

    def run(self, names, feed):
        self.asked = feed
        return [np.array(self.answers[name], dtype=object if name == "label" else None) for name in names]


def model_of(labels=(), task="regression", cells="number", **answers) -> GraphModel:
    manifest = Manifest((Input("x", "double", cells),), labels, data={"task": task}, timezone="Europe/Berlin")
    return GraphModel(Predictor(manifest, Session(**answers), UTC))


def test_a_number_is_said_beside_the_rows_index():
    rows = pd.DataFrame({"x": [1, 2]}, index=["p", "q"])
    said = model_of(prediction=[0.5, np.nan], valid=[True, False]).predict(rows)
    assert said.loc["p"].tolist() == [0.5, True]
    assert list(said.columns) == ["prediction", "valid"]
    assert said.index.tolist() == ["p", "q"]
    assert list(model_of(prediction=[1.0], valid=[True]).predict({"x": [1]}, params=None).index) == [0]


def test_two_classes_have_a_probability_and_all_have_one_by_label():
    binary = model_of(("n", "y"), "binary", prediction=["y"], probabilities=[[0.25, 0.75]], valid=[True])
    said = binary.predict({"x": [1]})
    assert list(said.columns) == ["prediction", "probability", "probabilities", "valid"]
    assert said.loc[0].tolist() == ["y", 0.75, {"n": 0.25, "y": 0.75}, True]
    shares = [[0.25, 0.5, 0.25]]
    said = model_of(("a", "b", "c"), "multiclass", prediction=["b"], probabilities=shares, valid=[True])
    assert said.predict({"x": [1]}).loc[0].tolist() == ["b", {"a": 0.25, "b": 0.5, "c": 0.25}, True]


def test_an_svm_has_a_margin_and_of_more_classes_one_each():
    binary = model_of(("n", "y"), "binary", prediction=["y"], margin=[1.5], valid=[True]).predict({"x": [1]})
    assert binary.loc[0].to_dict() == {"prediction": "y", "margin": 1.5, "valid": True}
    more = model_of(("a", "b", "c"), "multiclass", prediction=["b"], margin=[[-1.0, 2.0, -3.0]], valid=[True])
    assert more.predict({"x": [1]}).loc[0, "margin"] == {"a": -1.0, "b": 2.0, "c": -3.0}


def test_cells_that_cannot_be_read_are_told_of_once_a_column(caplog):
    model = model_of(prediction=[0.5, 0.5], valid=[True, True])
    with caplog.at_level(logging.WARNING):
        model.predict({"x": ["many", None]})
        model.predict({"x": ["more", "many"]})
    assert caplog.messages == ["'x': 1 cells are not a number and became null."]


@pytest.fixture
def task(monkeypatch):
    """As if in a task of Spark whose session is of a zone."""

    def begin(zone: str | None) -> None:
        inside = SimpleNamespace(getLocalProperty={"spark.sql.session.timeZone": zone}.get)
        fake = SimpleNamespace(TaskContext=SimpleNamespace(get=lambda: inside))
        monkeypatch.setitem(sys.modules, "pyspark.taskcontext", fake)

    return begin


def test_in_a_task_of_spark_moments_are_wall_time_of_the_session(task):
    model = model_of(cells="timestamp", prediction=[0.5], valid=[True])
    rows = {"x": np.array(["2020-07-01T12:00"], dtype="datetime64[ns]")}
    asked = []
    for zone in ("Asia/Tokyo", "UTC", None):
        task(zone)
        model.predict(rows)
        asked.append(model.predictor.session.asked["x"].tolist())
    noon = datetime(2020, 7, 1, 12, tzinfo=UTC).timestamp()
    here = datetime(2020, 7, 1, 12).astimezone().timestamp()
    assert asked == [[noon - 9 * 3600], [noon], [here]]


def test_a_session_of_no_known_zone_is_refused_where_moments_are_read(task):
    task("+02:00")
    assert model_of(prediction=[0.5], valid=[True]).predict({"x": [1]}).loc[0, "valid"]
    with pytest.raises(JobError, match=r"spark\.sql\.session\.timeZone is '\+02:00', which is not an IANA time zone"):
        model_of(cells="date", prediction=[0.5], valid=[True]).predict({"x": ["2020-01-01"]})


def test_mlflows_server_reads_csv_as_text_where_a_signature_takes_anything(monkeypatch):
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import scoring_server
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType

    monkeypatch.setattr(scoring_server, "parse_csv_input", scoring_server.parse_csv_input)
    pyfunc.accept_csv_as_text()
    anything, typed = (Schema([ColSpec(kind, name) for name in "ab"]) for kind in (AnyType(), DataType.double))
    read = scoring_server.parse_csv_input
    assert read(StringIO("a,b\n007,None\n,1.50\n"), anything).to_numpy().tolist() == [["007", "None"], ["", "1.50"]]
    assert read(StringIO("a,b\n1,2\n"), typed).to_numpy().tolist() == [[1.0, 2.0]]
    with pytest.raises(MlflowException, match="cannot be read"):
        read(StringIO("a,b\n1,2,3\n1,2,3,4\n"), anything)

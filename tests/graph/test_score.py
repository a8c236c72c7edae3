"""Forty pipelines on rows of hypothesis and on adversarial ones: Spark, the graph here and the graph in Spark agree."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import as_feed, as_table, drawn_rows
from pipelines import CASES, LONG, SHORT
from pyspark.sql import functions as F

from spark_jobs.fitted import predictions
from spark_jobs.graph.adversarial import KIND, adversarial_rows
from spark_jobs.graph.score import graph_predictions

DRAWN = 250
BY_NAME = [*SHORT, *(pytest.param(name, marks=pytest.mark.long) for name in LONG)]


@pytest.fixture(scope="module")
def drawn():
    return drawn_rows(DRAWN, 20)


def rows_for(made, drawn):
    """Drawn rows and adversarial ones, less those that the model does not take."""
    trials = adversarial_rows(made.plan, made.folder, made.compiled.model, made.compiled.sentinel).drop_columns([KIND])
    rows = [{name: row[name] for name in made.plan.used} for row in drawn] + trials.to_pylist()
    said = run(made, rows)
    finite = np.all([np.isfinite(values) for values in columns_of(said)], axis=0)
    return [row for row, taken in zip(rows, said["valid"] | ~finite, strict=True) if taken]


def run(made, rows):
    """What ONNX Runtime says, by the names of the outputs."""
    import onnxruntime

    session = onnxruntime.InferenceSession(made.compiled.model.SerializeToString())
    found = session.run(None, as_feed(rows, made.plan.used, made.compiled.sentinel))
    return dict(zip((one.name for one in session.get_outputs()), found, strict=True))


def columns_of(said):
    """The numbers of an answer, column by column."""
    return [
        column
        for name, values in said.items()
        if name != "valid" and values.dtype.kind == "f"
        for column in values.reshape(len(values), -1).T
    ]


def spark_says(spark, made, rows):
    """The answers of the pipeline (`p_…`) and of the graph run in Spark (`g_…`), row by row."""
    used = list(made.plan.used)
    asked = as_table(rows, used).append_column("⟨id⟩", [list(range(len(rows)))])
    pipeline = predictions(made.compiled.loaded, made.plan.problem, spark.createDataFrame(asked))
    told = [flat(name).alias(f"⟨{name}⟩") for name in pipeline.columns if name != "_row"]
    scored = pipeline.select("_row.*", *told)
    graph = bytes(made.compiled.model.SerializeToString())
    said = graph_predictions(graph, made.plan, scored, made.compiled.sentinel)
    names = [name for name in said.columns if name not in ("_row", "valid")]
    assert names == [name for name in pipeline.columns if name != "_row"]
    found = said.select(
        F.col("_row.⟨id⟩").alias("id"),
        "valid",
        *[F.col(f"_row.⟨{name}⟩").alias(f"p_{name}") for name in names],
        *[flat(name).alias(f"g_{name}") for name in names],
    ).toArrow()
    return {name: found.column(name).to_pylist() for name in found.sort_by("id").column_names}


def flat(name):
    return F.map_values(name).alias(name) if name == "probabilities" else F.col(name)


def far(one, other, bound):
    """Where two arrays of numbers are further apart than the bound, absolute or relative."""
    one, other = np.array(one, dtype=float), np.array(other, dtype=float)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(one - other) <= bound * np.maximum(1.0, np.abs(one))
    return ~(near | (one == other) | (np.isnan(one) & np.isnan(other)))


def check_numbers(rows, said, got, bound):
    """Numbers of the pipeline, of the graph in Spark and of the graph here."""
    finite = np.isfinite(np.array(got["p_prediction"]))
    assert finite.tolist() == said["valid"].tolist() == got["valid"]
    for other in (got["g_prediction"], said["prediction"]):
        wrong = far(got["p_prediction"], other, bound) & finite
        assert not wrong.any(), rows[int(np.flatnonzero(wrong)[0])]


def check_classes(rows, said, got, bound, labels):
    """Labels, but for a tie of their scores, and shares."""
    assert said["valid"].tolist() == got["valid"]
    scores = scores_of(got)
    finite = np.isfinite(scores).all(axis=1)
    assert (finite | ~said["valid"]).all()
    top = np.sort(scores, axis=1)
    tie = ~far(top[:, -1], top[:, -2], bound)
    for other in (got["g_prediction"], said["prediction"]):
        wrong = (np.array(got["p_prediction"]) != np.array(other)) & finite & ~tie
        assert not wrong.any(), rows[int(np.flatnonzero(wrong)[0])]
    for name in ("probabilities", "probability", "margin"):
        if f"p_{name}" in got and got[f"p_{name}"][0] is not None:
            ours = said.get(name, said.get("probabilities", np.zeros((0, 2)))[:, 1] if name == "probability" else None)
            for other in (got[f"g_{name}"], ours):
                wrong = far(got[f"p_{name}"], np.stack(other), bound).reshape(len(rows), -1).any(axis=1) & finite
                assert not wrong.any(), rows[int(np.flatnonzero(wrong)[0])]
    assert set(said["prediction"]) <= set(labels)


def scores_of(got):
    """The scores of the classes as the pipeline says them; where it says none, such as tie nowhere."""
    if got["p_probabilities"][0] is not None:
        return np.array(got["p_probabilities"], dtype=float)
    if "p_margin" in got:
        return np.stack([-np.array(got["p_margin"]), np.array(got["p_margin"])], axis=1)
    return np.tile([0.0, 1.0], (len(got["valid"]), 1))


@pytest.mark.parametrize("pipeline", BY_NAME)
def test_the_graph_says_what_the_pipeline_says_here_and_in_spark(spark, pipelines, drawn, pipeline):
    made = pipelines[pipeline]
    more = drawn if pipeline in SHORT else drawn + drawn_rows(4 * DRAWN, 21)
    rows = rows_for(made, more)
    assert len(rows) > 500
    said = run(made, rows)
    spark.conf.set("spark.sql.session.timeZone", "Pacific/Chatham")
    got = spark_says(spark, made, rows)
    bound = 1e-5 if CASES[pipeline].model == "xgboost" else 1e-9
    labels = made.plan.problem.labels
    assert np.mean(said["valid"]) > 0.7
    if labels:
        check_classes(rows, said, got, bound, labels)
    else:
        check_numbers(rows, said, got, bound)

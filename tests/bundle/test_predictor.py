"""A bundle with a small graph of known numbers, loaded and asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spark_jobs.bundle import GRAPH, Input, Manifest, runtime, write
from spark_jobs.bundle.predictor import load
from spark_jobs.errors import DataError, JobError

SENTINEL = "⟨null⟩"
CLOCK = {"zone": "Etc/GMT-3", "moments": [], "offsets": [10_800]}


def graph_of_two_classes() -> bytes:
    """P(yes) = what `a.b` says (a half where it is missing) and what the kind is worth; 'yes' above a half."""
    from spark_jobs.ops.arithmetic import add, as_column, hstack, is_finite, is_nan, less, subtract, where
    from spark_jobs.ops.dialect import build, constant, number_input, op, text_input
    from spark_jobs.ops.lookup import named, text_position

    inputs = {"a.b": number_input(), "kind`1": text_input()}
    worth = op("gather", constant([0.25, -0.25, 0.0]), text_position(inputs["kind`1"], {"red": 0, SENTINEL: 1}, 2))
    share = add(where(is_nan(inputs["a.b"]), 0.5, inputs["a.b"]), worth)
    position = op("cast", less(0.5, share), to=np.int64)
    shares = hstack([as_column(subtract(1.0, share)), as_column(share)])
    outputs = {"prediction": named(position, ["no", "yes"]), "probabilities": shares, "valid": is_finite(share)}
    return bytes(build(inputs, outputs).SerializeToString())


def graph_of_seconds() -> bytes:
    """A regression that gives back the moment it was given."""
    from spark_jobs.ops.arithmetic import is_finite
    from spark_jobs.ops.dialect import build, number_input, op

    when = number_input()
    outputs = {"prediction": op("identity", when), "valid": is_finite(when)}
    return bytes(build({"when": when}, outputs).SerializeToString())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inputs = (Input("a.b", "double", "number"), Input("kind`1", "string", "text"))
    manifest = Manifest(inputs, ("no", "yes"), SENTINEL, data={"task": "binary"})
    write(tmp_path / "bundle", manifest, {GRAPH: graph_of_two_classes(), "plan.json": "{}"})
    return tmp_path / "bundle"


def test_rows_get_the_numbers_of_the_graph(folder):
    found = load(folder).predict({"kind`1": ["red", None, "castle"], "a.b": ["0.5", 0.25, None]})
    assert found["prediction"].tolist() == ["yes", "no", "no"]
    assert found["probabilities"].tolist() == [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]
    assert found["valid"].tolist() == [True, True, True]


def test_many_rows_are_asked_in_parts_and_none_gives_nothing(folder, monkeypatch):
    model = load(folder)
    rows = pd.DataFrame({"a.b": np.arange(10) / 16, "kind`1": ["red"] * 10})
    whole = model.predict(rows)
    monkeypatch.setattr(runtime, "ROWS_AT_ONCE", 3)
    parts = model.predict(rows)
    assert {name: values.tolist() for name, values in parts.items()} == {n: v.tolist() for n, v in whole.items()}
    assert whole["probabilities"][:, 1].tolist() == [0.25 + n / 16 for n in range(10)]
    nothing = model.predict(rows[:0])
    assert {name: values.shape for name, values in nothing.items()} == {
        "prediction": (0,),
        "probabilities": (0, 2),
        "valid": (0,),
    }


def test_rows_without_a_column_are_refused_by_name(folder):
    with pytest.raises(DataError, match="'kind`1'"):
        load(folder).predict({"a.b": [1]})


@pytest.mark.parametrize("name", [GRAPH, "plan.json", "manifest.json"])
def test_a_flipped_byte_anywhere_is_refused_by_name(folder, name):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(JobError, match=name):
        load(folder)


def test_beside_other_files_those_that_are_read_are_checked(folder):
    (folder / "MLmodel").write_text("flavors: {}")
    (folder / "plan.json").unlink()
    with pytest.raises(JobError, match="MLmodel"):
        load(folder)
    assert load(folder, whole=False).predict({"a.b": [1], "kind`1": [""]})["prediction"].tolist() == ["yes"]
    (folder / GRAPH).write_bytes((folder / GRAPH).read_bytes()[:-1] + b"\x07")
    with pytest.raises(JobError, match=rf"The file '{GRAPH}' of the bundle"):
        load(folder, whole=False)
    (folder / GRAPH).unlink()
    with pytest.raises(JobError, match=f"lacks its file '{GRAPH}'"):
        load(folder, whole=False)


def test_a_bundle_without_a_graph_is_refused_by_name(tmp_path):
    write(tmp_path / "b", Manifest(), {"plan.json": "{}"})
    with pytest.raises(JobError, match=r"has no model\.onnx: it was trained with `graph: skip`"):
        load(tmp_path / "b")


def test_a_graph_that_the_runtime_does_not_know_is_one_line_of_cause(tmp_path):
    write(tmp_path / "b", Manifest(), {GRAPH: b"no graph at all"})
    with pytest.raises(JobError, match=r"ONNX Runtime [0-9.]+ cannot run the graph of") as refused:
        load(tmp_path / "b")
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(("files", "hours"), [({}, 1), ({"pipeline/clock.json": json.dumps(CLOCK)}, 3)])
def test_wall_time_is_told_by_the_bundles_own_clock_where_it_has_one(tmp_path, files, hours):
    manifest = Manifest((Input("when", "double", "timestamp"),), timezone="Europe/Berlin")
    write(tmp_path / "b", manifest, {GRAPH: graph_of_seconds(), **files})
    found = load(tmp_path / "b").predict({"when": ["1970-01-02 00:00", "1970-01-02T00:00Z", "never"]})
    assert found["prediction"][:2].tolist() == [86_400 - hours * 3600, 86_400]
    assert found["valid"].tolist() == [True, True, False]

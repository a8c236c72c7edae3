"""What an export holds is enough where neither this package nor Spark is."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from pipelines import LABELS

from spark_jobs.bundle import Input, Manifest, load_manifest, verify_bundle, write
from spark_jobs.cli.launch import launch
from spark_jobs.cli.parser import parse_arguments
from spark_jobs.errors import JobError, SpecError
from spark_jobs.graph.adversarial import typical_row
from spark_jobs.jobs import export

ALONE = """
import json, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("spark_jobs", "pyspark", "mlflow", "pandas", "pyarrow", "onnx"):
            raise ModuleNotFoundError(f"{name} is not here", name=name)
sys.meta_path.insert(0, Blocker())
from pathlib import Path
from reader.predictor import load
rows = json.load(sys.stdin)
print(json.dumps(load(Path("."), whole=False).predict(rows)["prediction"].tolist()))
"""


def test_the_small_reader_says_of_rows_as_they_are_written_what_score_wrote(project, tmp_path):
    to = tmp_path / "edge"
    done = export.run(project.result.model_folder, to)
    assert done.status == "done"
    assert {path.name for path in to.iterdir()} == {"manifest.json", "model.onnx", "predict.py", "reader"}
    verify_bundle(to)
    columns = ["size", "rooms", "kind", "built"]
    rows = project.scored[columns].astype(object).where(project.scored[columns].notna(), None)
    asked = {name: [None if cell is None else str(cell) for cell in rows[name]] for name in columns}
    command = [sys.executable, "-B", "-c", ALONE]
    ran = subprocess.run(command, cwd=to, input=json.dumps(asked), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert np.array_equal(json.loads(ran.stdout), project.scored["prediction"])


REGRESSION, CLASSES = "tree, scaled, by the clock", "logistic, balanced, min-max"
ONLY = """
import runpy, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {others!r}:
            raise ModuleNotFoundError(f"{{name}} is not here", name=name)
sys.meta_path.insert(0, Blocker())
runpy.run_path("predict.py", run_name="__main__")
"""
OTHERS = ("spark_jobs", "pyspark", "py4j", "mlflow", "pandas", "pyarrow", "onnx", "spox", "pydantic", "yaml", "sklearn")


@pytest.fixture
def bundle(pipelines, tmp_path):
    """A pipeline as a bundle, such as a training leaves it."""

    def bundle_of(name: str, graph: bytes | None = None, **manifest) -> Path:
        made = pipelines[name]
        kinds = {column: made.plan.type_of(column).cells for column in made.plan.used}
        inputs = tuple(
            Input(column, "string" if cells == "text" else "double", cells) for column, cells in kinds.items()
        )
        said = Manifest(
            inputs=inputs, labels=made.plan.problem.labels, null_sentinel=made.compiled.sentinel, **manifest
        )
        proven = made.compiled.model.SerializeToString() if graph is None else graph
        files = {"plan.json": made.plan.to_json(), "pipeline": made.folder} | ({"model.onnx": proven} if proven else {})
        write(tmp_path / "bundle", said, files)
        return tmp_path / "bundle"

    return bundle_of


def exported(bundle, to, compat=False):
    return export.run(bundle, to, compat)


def told_by_the_example(folder):
    """What the example prints where there are but onnxruntime and numpy."""
    ran = subprocess.run(
        [sys.executable, "-B", "-c", ONLY.format(others=OTHERS)], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return ast.literal_eval(ran.stdout)


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("name", [REGRESSION, CLASSES])
def test_the_example_says_what_the_graph_says_with_onnxruntime_and_numpy_alone(
    pipelines, bundle, tmp_path, name, compat
):
    made, to = pipelines[name], tmp_path / "edge"
    assert exported(bundle(name), to, compat).status == "done"
    verify_bundle(to)
    said = told_by_the_example(to)
    row = typical_row(made.plan)
    feed = {key: np.array([cell], dtype=object if isinstance(cell, str) else float) for key, cell in row.items()}
    session = onnxruntime.InferenceSession(made.compiled.model.SerializeToString())
    names = [one.name for one in session.get_outputs()]
    assert list(said) == names
    for output, wanted in zip(names, session.run(names, feed), strict=True):
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(said[output], wanted, rtol=1e-9)
        else:
            assert said[output] == wanted.tolist()
    assert said["valid"] == [True]
    if name == CLASSES:
        assert said["prediction"][0] in LABELS["binary"]


def test_an_export_for_older_runtimes_is_made_of_older_operators(bundle, tmp_path):
    done = exported(bundle(REGRESSION), tmp_path / "edge", compat=True)
    model = onnx.load_model(tmp_path / "edge" / "model.onnx")
    assert {one.domain: one.version for one in model.opset_import} == {"": 17, "ai.onnx.ml": 3}
    assert "older runtimes" in done.summary[0]


def test_an_export_names_the_inputs_and_labels_of_its_bundle(bundle, tmp_path):
    exported(bundle(CLASSES, data={"rows": 5}), tmp_path / "edge")
    before, after = load_manifest(tmp_path / "bundle"), load_manifest(tmp_path / "edge")
    for key in ("inputs", "labels", "null_sentinel", "data", "parity"):
        assert getattr(after, key) == getattr(before, key)
    assert set(after.sha256) >= {"model.onnx", "predict.py"}


def test_an_export_takes_the_place_of_an_earlier_one(bundle, tmp_path):
    source, to = bundle(REGRESSION), tmp_path / "edge"
    exported(source, to)
    before = (to / "model.onnx").read_bytes()
    exported(source, to, compat=True)
    assert (to / "model.onnx").read_bytes() != before
    assert load_manifest(to).sha256["model.onnx"] == verify_bundle(to).sha256["model.onnx"]


@pytest.mark.parametrize("there", ["notes.txt", "predict.py"])
def test_a_folder_that_holds_anything_else_is_refused_and_left_as_it_is(bundle, tmp_path, there):
    to = tmp_path / "mine"
    to.mkdir()
    (to / there).write_text("precious", encoding="utf-8")
    with pytest.raises(SpecError, match="already exists and is not an export") as refused:
        exported(bundle(CLASSES), to)
    assert "Name a new folder" in refused.value.advice
    assert (to / there).read_text(encoding="utf-8") == "precious"


def test_an_earlier_export_with_something_beside_it_is_refused(bundle, tmp_path):
    source, to = bundle(CLASSES), tmp_path / "edge"
    exported(source, to)
    (to / "notes.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(SpecError, match="is not an export"):
        exported(source, to)
    with pytest.raises(SpecError, match="is not an export"):
        exported(source, source)
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    with pytest.raises(SpecError, match="is not an export"):
        exported(source, tmp_path / "file")


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(JobError, match=r"is not a bundle: it has no manifest\.json"):
        launch(parse_arguments(["export", str(tmp_path / "empty"), "--to", str(tmp_path / "edge")]))


def test_a_bundle_without_a_graph_is_refused(bundle, tmp_path):
    with pytest.raises(JobError, match="has no graph"):
        exported(bundle(CLASSES, graph=b""), tmp_path / "edge")
    assert not (tmp_path / "edge").exists()


@pytest.mark.parametrize("name", ["model.onnx", "plan.json", "pipeline/metadata/part-00000"])
def test_a_flipped_byte_is_found_and_named_and_nothing_is_written(bundle, tmp_path, name):
    source = bundle(CLASSES)
    file = next(source.glob(name + "*")) if "part" in name else source / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(JobError, match=file.name) as refused:
        exported(source, tmp_path / "edge")
    assert refused.value.advice
    assert not (tmp_path / "edge").exists()


def test_a_graph_for_older_runtimes_that_says_something_else_is_not_exported(pipelines, bundle, tmp_path):
    """The bundle holds another graph than its pipeline compiles to: what was proven and what is made differ."""
    other = onnx.ModelProto()
    other.CopyFrom(pipelines[CLASSES].compiled.model)
    for node in other.graph.node:
        node.op_type = {"Less": "LessOrEqual", "Exp": "Abs"}.get(node.op_type, node.op_type)
    source = bundle(CLASSES, graph=other.SerializeToString())
    with pytest.raises(JobError, match=r"older runtimes differs in '\w+' on [\d,]+ of"):
        exported(source, tmp_path / "edge", compat=True)
    assert not (tmp_path / "edge").exists()

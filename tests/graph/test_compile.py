"""The graph itself: inputs, outputs and operators; made without Spark, and refused where plan and pipeline differ."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime
import pytest
from generated_rows import as_feed
from pipelines import CASES, KINDS, LABELS, MANY, ODD, SHORT
from tampering import change, change_rows, copied, set_param, stage_of, stages

from spark_jobs.errors import JobError
from spark_jobs.features import CategoryInput
from spark_jobs.graph import compile as compiling
from spark_jobs.graph.compile import compile_graph, sentinel_for

DOUBLE, TEXT, BOOL, SINGLE = (onnx.TensorProto.DataType.Value(name) for name in ("DOUBLE", "STRING", "BOOL", "FLOAT"))
EVERY, TREE = "linear, every kind of column", "tree, scaled, by the clock"
HOT, TARGET = "logistic, balanced, min-max", "logistic, target encoding, robust, weights"
ORDERED, XGBOOST, MARGINS = "forest, max-abs, an order of levels", "xgboost, three classes", "svm, two classes"


def shapes(values):
    """Element type and rank by name."""
    kinds = {one.name: one.type.tensor_type for one in values}
    return {name: (kind.elem_type, len(kind.shape.dim)) for name, kind in kinds.items()}


@pytest.mark.parametrize("pipeline", SHORT)
def test_inputs_are_the_raw_columns_and_outputs_those_of_the_design(pipelines, pipeline):
    model, case = pipelines[pipeline].compiled.model, CASES[pipeline]
    onnx.checker.check_model(model, full_check=True)
    assert shapes(model.graph.input) == {name: (TEXT if KINDS[name] == "text" else DOUBLE, 1) for name in case.use}
    outputs = {"prediction": (TEXT if LABELS[case.task] else DOUBLE, 1), "valid": (BOOL, 1)}
    if case.model == "svm":
        outputs["margin"] = (DOUBLE, 1)
    elif LABELS[case.task]:
        outputs["probabilities"] = (DOUBLE, 2)
    assert shapes(model.graph.output) == outputs


@pytest.mark.parametrize("pipeline", SHORT)
def test_everything_is_double_and_of_the_named_operator_sets(pipelines, pipeline):
    model = pipelines[pipeline].compiled.model
    versions = {one.domain: one.version for one in model.opset_import}
    assert versions[""] >= 21
    assert versions.get("ai.onnx.ml", 5) == 5
    assert set(versions) <= {"", "ai.onnx.ml"}
    whole = onnx.shape_inference.infer_shapes(model, check_type=True)
    single = [one for one in whole.graph.value_info if one.type.tensor_type.elem_type == SINGLE]
    if CASES[pipeline].model != "xgboost":
        assert not single
        return
    made = {output: node.op_type for node in model.graph.node for output in node.output}
    sums = {"Cast", "TreeEnsemble", "Transpose", "Concat", "CumSum", "Gather", "Squeeze"}
    assert {made[one.name] for one in single} <= sums, "XGBoost adds up its trees in single precision, and no more"


@pytest.mark.parametrize("pipeline", ["svm, three classes"])
@pytest.mark.long
def test_margins_of_many_classes_are_a_matrix(pipelines, pipeline):
    assert shapes(pipelines[pipeline].compiled.model.graph.output)["margin"] == (DOUBLE, 2)


def test_shares_stand_in_the_order_of_the_labels(pipelines):
    """The label said is the one whose share is the largest, and each label is said."""
    made = pipelines[TARGET]
    session = onnxruntime.InferenceSession(made.compiled.model.SerializeToString())
    rows = [
        {ODD: size, "big": 1e9, "city": city, "tag": "tag 1"}
        for size in (-200.0, 30.0, 400.0)
        for city in ("Rome", "Lima")
    ]
    said = dict(
        zip(
            ("prediction", "probabilities", "valid"),
            session.run(["prediction", "probabilities", "valid"], as_feed(rows, made.plan.used, "⟨null⟩⟩")),
            strict=True,
        )
    )
    labels = np.array(LABELS["multiclass"], dtype=object)
    assert said["prediction"].tolist() == labels[said["probabilities"].argmax(axis=1)].tolist()
    assert {labels[0], labels[2]} <= set(said["prediction"])
    np.testing.assert_allclose(said["probabilities"].sum(axis=1), 1.0)


def test_five_thousand_levels_are_looked_up_and_never_spread_out(pipelines):
    made = pipelines["linear, 5,000 levels"]
    model = onnx.shape_inference.infer_shapes(made.compiled.model)
    wide = [
        (one.name, [dim.dim_value for dim in one.type.tensor_type.shape.dim])
        for one in model.graph.value_info
        if len(one.type.tensor_type.shape.dim) == 2 and one.type.tensor_type.shape.dim[1].dim_value >= 5000
    ]
    assert wide == []
    tables = {tuple(a.t.dims) for node in model.graph.node for a in node.attribute if a.name == "value"}
    assert (len(MANY) + 1, 1) in tables
    assert not any(node.op_type == "MatMul" and (len(MANY), 1) in tables for node in model.graph.node)
    rows = [{ODD: 1.0, "grade": MANY[place % 5000]} for place in range(100_000)]
    session = onnxruntime.InferenceSession(made.compiled.model.SerializeToString())
    feed = as_feed(rows, made.plan.used, made.compiled.sentinel)
    started = time.monotonic()
    session.run(None, feed)
    assert time.monotonic() - started < 2, "4 GB of zeros and ones would take longer"


def test_a_bundle_compiles_to_the_same_bytes_where_there_is_no_pyspark(pipelines, tmp_path):
    names = [EVERY, TREE, TARGET, ORDERED, "neural net", "bernoulli naive Bayes", XGBOOST]
    for place, name in enumerate(names):
        made = pipelines[name]
        bundle = tmp_path / str(place)
        copied(made.folder, bundle / "pipeline")
        (bundle / "plan.json").write_text(made.plan.to_json(), encoding="utf-8")
        (bundle / "model.onnx").write_bytes(made.compiled.model.SerializeToString())
        (bundle / "sentinel").write_text(made.compiled.sentinel, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", ALONE, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, f"{len(names)} alike\n"), done.stderr


ALONE = """
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Nothing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pyspark", "py4j", "mlflow"):
            raise ImportError(name)

sys.meta_path.insert(0, Nothing())
from spark_jobs.graph.compile import compile_graph
from spark_jobs.plan import Plan

alike = 0
for bundle in Path(sys.argv[1]).iterdir():
    plan = Plan.from_json((bundle / "plan.json").read_text(encoding="utf-8"))
    model = compile_graph(plan, bundle / "pipeline", (bundle / "sentinel").read_text(encoding="utf-8"))
    alike += model.SerializeToString() == (bundle / "model.onnx").read_bytes()
print(alike, "alike")
"""


@pytest.fixture
def tampered(pipelines, tmp_path):
    """A copy of a pipeline, and whether it still compiles."""

    class Tampered:
        def of(self, name):
            self.made = pipelines[name]
            self.folder = copied(self.made.folder, tmp_path / "pipeline")
            return self.folder

        def refused(self, *words, plan=None):
            with pytest.raises(JobError) as refused:
                compile_graph(plan or self.made.plan, self.folder, self.made.compiled.sentinel)
            for word in words:
                assert word in refused.value.message
            assert refused.value.advice
            return True

    return Tampered()


PARAMS = [
    (EVERY, "SQLTransformer", {"statement": "SELECT struct(*) AS _row, 1D AS n0 FROM __THIS__"}),
    (EVERY, "ImputerModel", {"missingValue": 0.0}),
    (EVERY, "ImputerModel", {"outputCols": ["n1_filled"]}),
    (EVERY, "VectorAssembler", {"handleInvalid": "keep"}),
    (EVERY, "StandardScalerModel", {"withMean": False}),
    (EVERY, "StandardScalerModel", {"inputCol": "dense"}),
    (EVERY, "CountVectorizerModel", {"binary": True}),
    (EVERY, "CountVectorizerModel", {"minTF": 2.0}),
    (EVERY, "LinearRegressionModel", {"featuresCol": "hot"}),
    (HOT, "MinMaxScalerModel", {"max": 2.0}),
    (TREE, "StringIndexerModel", {"handleInvalid": "skip"}),
    (TREE, "StringIndexerModel", {"inputCols": ["c1"]}),
    (TARGET, "RobustScalerModel", {"withScaling": False}),
    (TARGET, "LogisticRegressionModel", {"predictionCol": "said"}),
]


@pytest.mark.parametrize(("name", "kind", "params"), PARAMS)
def test_a_parameter_that_is_not_the_plans_is_refused_with_the_stages_name(tampered, name, kind, params):
    stage = set_param(stage_of(tampered.of(name), kind), **params)
    assert tampered.refused(stage)


def test_the_assembler_of_the_features_must_not_skip_rows(tampered):
    folder = tampered.of(EVERY)
    last = [one for one in stages(folder) if "VectorAssembler" in one.name][-1]
    assert tampered.refused(set_param(last, handleInvalid="skip"), "handleInvalid='skip'")


@pytest.mark.parametrize(
    ("name", "kind", "edit"),
    [
        (TREE, "StringIndexerModel", lambda rows: rows[0]["labelsArray"][0].reverse()),
        (ORDERED, "StringIndexerModel", lambda rows: rows[0]["labelsArray"][0].append("more")),
        (EVERY, "CountVectorizerModel", lambda rows: rows[0]["vocabulary"].reverse()),
    ],
)
def test_other_levels_than_the_plans_are_refused_with_the_stages_name(tampered, name, kind, edit):
    assert tampered.refused(change_rows(stage_of(tampered.of(name), kind), edit), "does not match the plan")


def test_worths_of_other_levels_are_refused_with_the_stages_name(tampered):
    folder = tampered.of(TARGET)
    stage = next(one for one in stages(folder)[1:] if "SQLTransformer" in one.name)
    for text in ("SELECT *, 1 AS c0_worth0 FROM __THIS__", "SELECT *, split('1.0 x', ' ') FROM __THIS__"):
        assert tampered.refused(set_param(stage, statement=text), "encodings")


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("SQLTransformer", "org.apache.spark.ml.feature.Bucketizer"),
        ("SQLTransformer", "com.example.SQLTransformer"),
        ("ImputerModel", "org.apache.spark.ml.feature.QuantileDiscretizer"),
        ("StandardScalerModel", "org.apache.spark.ml.feature.MaxAbsScalerModel"),
        ("CountVectorizerModel", "org.apache.spark.ml.feature.HashingTF"),
        ("LinearRegressionModel", "org.apache.spark.ml.regression.GeneralizedLinearRegressionModel"),
        ("LinearRegressionModel", "com.example.LinearRegressionModel"),
    ],
)
def test_a_stage_of_another_class_is_refused_with_both_names(tampered, kind, other):
    stage = change(stage_of(tampered.of(EVERY), kind), lambda found: found.update({"class": other}))
    known = other.rpartition(".")[2] if other.startswith("org.apache") else other
    assert tampered.refused(stage, known, kind)


def test_a_stage_too_few_or_too_many_is_refused(tampered):
    folder = tampered.of(EVERY)

    def order(edit):
        return change(folder, lambda found: edit(found["paramMap"]["stageUids"]))

    order(lambda uids: uids.pop())
    assert tampered.refused("must end with exactly one model")
    uid = stages(folder)[-1].name.partition("_")[2]
    order(lambda uids: uids.extend([uid, uid]))
    shutil.copytree(stages(folder)[-1], folder / "stages" / f"{len(stages(folder))}_{uid}")
    assert tampered.refused("must end with exactly one model")


def test_what_a_stage_does_not_have_is_missed_by_name(tampered):
    folder = tampered.of(EVERY)
    stage = change(stage_of(folder, "LinearRegressionModel"), lambda found: None)
    shutil.copytree(stage_of(folder, "ImputerModel") / "data", tmp := folder / "data")
    shutil.rmtree(folder / "stages" / stage / "data")
    tmp.rename(folder / "stages" / stage / "data")
    assert tampered.refused(stage, "has no coefficients")


def test_a_pipeline_of_another_model_or_no_pipeline_is_refused(tampered, tmp_path):
    tampered.of(EVERY)
    other = dataclasses.replace(tampered.made.plan, model="tree")
    assert tampered.refused("LinearRegressionModel", "DecisionTreeRegressionModel", plan=other)
    tampered.folder = tmp_path / "nothing"
    assert tampered.refused("is not a saved Spark pipeline")


@pytest.mark.parametrize("name", [ORDERED, TARGET, "neural net", "gaussian naive Bayes", XGBOOST])
def test_a_model_of_other_classes_is_refused(tampered, name):
    tampered.of(name)
    problem = dataclasses.replace(tampered.made.plan.problem, labels=("a", "b", "c", "d"))
    assert tampered.refused("classes, the plan 4", plan=dataclasses.replace(tampered.made.plan, problem=problem))


def test_the_clock_of_another_zone_or_none_is_refused(tampered):
    clock = tampered.of(TREE) / "clock.json"
    stored = json.loads(clock.read_text(encoding="utf-8"))
    clock.write_text(json.dumps(stored | {"zone": "Europe/Rome"}), encoding="utf-8")
    assert tampered.refused("clock.json", "Europe/Oslo")
    clock.unlink()
    assert tampered.refused("clock.json")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda learner: learner["gradient_booster"].update(name="dart"), "dart"),
        (lambda learner: learner["objective"].update(name="multi:softmax"), "multi:softmax"),
        (
            lambda learner: learner["gradient_booster"]["model"]["trees"][0]["split_type"].__setitem__(0, 1),
            "categories",
        ),
    ],
)
def test_another_kind_of_xgboost_is_refused_by_name(tampered, edit, words):
    folder = tampered.of(XGBOOST)
    file = next((stages(folder)[-1] / "model").glob("part-*"))
    stored = json.loads(file.read_text(encoding="utf-8"))
    edit(stored["learner"])
    file.write_text(json.dumps(stored), encoding="utf-8")
    assert tampered.refused(words)


@pytest.mark.parametrize(("part", "name"), [("find", EVERY), ("find_encoder", HOT), ("find_scaler", EVERY)])
def test_what_has_no_graph_is_refused_by_name(pipelines, monkeypatch, part, name):
    made, find = pipelines[name], getattr(compiling, part)
    monkeypatch.setattr(compiling, part, lambda kind: dataclasses.replace(find(kind), graph=None))
    with pytest.raises(JobError, match=r"has no ONNX graph\.") as refused:
        compile_graph(made.plan, made.folder, made.compiled.sentinel)
    assert "graph: skip" in refused.value.advice


def test_the_sentinel_is_no_level_nor_is_it_twice(pipelines):
    plan = pipelines[EVERY].plan
    assert sentinel_for(plan) == "⟨null⟩⟩", "the data has a city of the usual name"
    for taken, free in (((), "⟨null⟩"), (("⟨null⟩",), "⟨null⟩⟩"), (("⟨null⟩⟨null⟩",), "⟨null⟩⟩")):
        one = CategoryInput("c0", "city", ("a", *taken), "label")
        assert sentinel_for(dataclasses.replace(plan, inputs=(one,))) == free

"""The proof: it holds for what was compiled, and fails for whatever is planted in a graph."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import onnx
import pytest
from generated_rows import as_table, drawn_rows
from onnx import helper, numpy_helper
from pipelines import CASES, TABLE
from pyspark.sql import SparkSession
from tampering import copied, set_param, stages

from spark_jobs.graph.compile import compile_graph
from spark_jobs.graph.verification import compare_outputs, compile_saved, pipeline_output, verify_graph
from spark_jobs.pipeline.persistence import load_pipeline

EVERY, TREE = "linear, every kind of column", "tree, scaled, by the clock"
HOT, TARGET = "logistic, balanced, min-max", "logistic, target encoding, robust, weights"
ORDERED, XGBOOST, NULLED = "forest, max-abs, an order of levels", "xgboost, three classes", "boosted, outliers to null"


@pytest.fixture(scope="module")
def asked(session, pipelines):
    """What a pipeline said, asked once: the table's own rows held out, and adversarial ones."""
    held_out = session.createDataFrame(TABLE.drop_columns(["regression", "binary", "multiclass", "w", "id"]))
    found = {}

    def ask(name):
        made = pipelines[name]
        if name not in found:
            found[name] = pipeline_output(made.compiled, made.plan, held_out)
        return made, found[name]

    return ask


def verdict(made, answers, model):
    return compare_outputs(dataclasses.replace(made.compiled, model=model), made.plan, answers).parity


@pytest.mark.parametrize("name", [EVERY, TREE, HOT, TARGET, ORDERED, XGBOOST, NULLED])
def test_what_was_compiled_is_proven_on_rows_of_every_kind(spark, asked, name):
    made, answers = asked(name)
    parity = verdict(made, answers, made.compiled.model)
    assert parity.holds, str(parity)
    assert parity.bound == (1e-5 if name == XGBOOST else 1e-9)
    assert parity.largest <= parity.bound
    assert parity.rows["held out"] == TABLE.num_rows
    assert set(parity.rows) >= answers.wanted
    assert all(parity.rows.values())


KINDS = {
    EVERY: {
        "held out",
        "null",
        "unseen",
        "empty",
        "level",
        "near a level",
        "sentinel",
        "long",
        "not ASCII",
        "not finite",
    }
    | {"extreme", "bound", "fill", "constant", "boolean", "day border", "leap day", "part", "clock change", "mixed"},
    TREE: {"split", "clock change", "constant", "part"},
    NULLED: {"split", "bound", "extreme"},
}


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_that_the_plan_calls_for_must_be_there(spark, asked, name):
    _, answers = asked(name)
    assert answers.wanted >= KINDS[name]


# What is planted: each changes the graph's nodes; the pipeline must be one that has such a node.


def trees_of(model):
    return [node for node in model.graph.node if node.op_type == "TreeEnsemble"]


def attribute(node, name):
    return next(one for one in node.attribute if one.name == name)


def values(node, name):
    return numpy_helper.to_array(attribute(node, name).t).copy()


def put(node, name, array):
    attribute(node, name).t.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array)))


def strict_splits(model):
    """At most becomes below, where the model's own trees ask."""
    node = trees_of(model)[-1]
    modes = values(node, "nodes_modes")
    put(node, "nodes_modes", np.where(modes == 0, 1, modes).astype(np.uint8))


def loose_splits(model):
    node = trees_of(model)[-1]
    modes = values(node, "nodes_modes")
    put(node, "nodes_modes", np.where(modes == 1, 0, modes).astype(np.uint8))


def other_side_of_one_split(model):
    node = trees_of(model)[-1]
    true, false = attribute(node, "nodes_truenodeids"), attribute(node, "nodes_falsenodeids")
    leafs = attribute(node, "nodes_trueleafs"), attribute(node, "nodes_falseleafs")
    last = len(true.ints) - 1
    true.ints[last], false.ints[last] = false.ints[last], true.ints[last]
    leafs[0].ints[last], leafs[1].ints[last] = leafs[1].ints[last], leafs[0].ints[last]


def one_leaf_off(model):
    node = trees_of(model)[-1]
    weights = values(node, "leaf_weights")
    weights[0] += 1e-6 * max(1.0, abs(weights[0]))
    put(node, "leaf_weights", weights)


def leaves_of_one_class_off(model):
    """The last operator: each class has its own."""
    node = trees_of(model)[-1]
    weights = values(node, "leaf_weights")
    put(node, "leaf_weights", weights + weights.dtype.type(1e-4))


def lookups(model):
    return [node for node in model.graph.node if node.op_type == "LabelEncoder" and node.attribute]


def another_default(model):
    """What is no level becomes the first one."""
    for node in lookups(model):
        attribute(node, "default_int64").i = 0


def null_unknown(model):
    """Null is what was never seen."""
    for node in lookups(model):
        keys = attribute(node, "keys_strings")
        keys.strings[:] = [b"(never asked)" if key == "⟨null⟩⟩".encode() else key for key in keys.strings]


def empty_unknown(model):
    for node in lookups(model):
        keys = attribute(node, "keys_strings")
        keys.strings[:] = [key or b"(never asked)" for key in keys.strings]


def two_levels_swapped(model):
    places = attribute(lookups(model)[0], "values_int64s")
    places.ints[0], places.ints[1] = places.ints[1], places.ints[0]


def constants(model):
    return {node.output[0]: node for node in model.graph.node if node.op_type == "Constant"}


def constant_of(model, op, pick):
    """The first constant of numbers that such a node takes, and that is picked."""
    known = constants(model)
    for node in model.graph.node:
        for name in node.input if node.op_type == op else ():
            if name in known and attribute(known[name], "value").t.data_type == onnx.TensorProto.DOUBLE:
                found = values(known[name], "value")
                if pick(found):
                    return known[name], found
    raise AssertionError(f"no {op} of such a constant")


def scaled_a_millionth_off(model):
    node, scale = constant_of(model, "Mul", lambda found: found.ndim == 2 and found.shape[1] > 1)
    put(node, "value", scale * (1 + 1e-6))


def centered_a_little_off(model):
    node, center = constant_of(model, "Sub", lambda found: found.ndim == 2 and found.shape[1] > 1)
    put(node, "value", center + 1e-6 * np.maximum(1.0, np.abs(center)))


def a_coefficient_off(model):
    node, weights = constant_of(model, "MatMul", lambda found: found.size > 1)
    weights[0, 0] += 1e-7
    put(node, "value", weights)


def filled_otherwise(model):
    node, fills = constant_of(
        model, "Where", lambda found: found.ndim == 2 and np.isfinite(found).all() and found.shape[1] > 1
    )
    put(node, "value", fills + 1e-6)


def a_bound_let_out(model):
    """What lies on a bound counts as outside."""
    for node in model.graph.node:
        if node.op_type == "Less":
            node.op_type = "LessOrEqual"


def labels_swapped(model):
    known = constants(model)
    node = next(node for node in known.values() if attribute(node, "value").t.data_type == onnx.TensorProto.STRING)
    put(node, "value", np.roll(values(node, "value"), 1))


def shares_swapped(model):
    node = next(node for node in model.graph.node if "probabilities" in node.output)
    node.output[list(node.output).index("probabilities")] = "⟨shares⟩"
    places = helper.make_node(
        "Constant", [], ["⟨places⟩"], value=numpy_helper.from_array(np.array([1, 0, 2], dtype=np.int64))
    )
    model.graph.node.extend([places, helper.make_node("Gather", ["⟨shares⟩", "⟨places⟩"], ["probabilities"], axis=1)])


def rounded_to_single(model):
    """The numbers of the first product pass through single precision."""
    node = next(node for node in model.graph.node if node.op_type == "MatMul")
    place = list(model.graph.node).index(node)
    casts = [
        helper.make_node("Cast", [node.input[0]], ["⟨single⟩"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Cast", ["⟨single⟩"], ["⟨double⟩"], to=onnx.TensorProto.DOUBLE),
    ]
    node.input[0] = "⟨double⟩"
    for cast in reversed(casts):
        model.graph.node.insert(place, cast)


def valid_always(model):
    node = next(node for node in model.graph.node if "valid" in node.output)
    node.output[list(node.output).index("valid")] = "⟨valid⟩"
    model.graph.node.extend([
        helper.make_node("Not", ["⟨valid⟩"], ["⟨not⟩"]),
        helper.make_node("Or", ["⟨valid⟩", "⟨not⟩"], ["valid"]),
    ])  # fmt: skip


def valid_never(model):
    valid_always(model)
    model.graph.node[-1].op_type = "And"


PLANTED = [
    (TREE, strict_splits),
    (ORDERED, strict_splits),
    (NULLED, strict_splits),
    (XGBOOST, loose_splits),
    *[(name, other_side_of_one_split) for name in (TREE, ORDERED, NULLED, XGBOOST)],
    *[(name, one_leaf_off) for name in (TREE, ORDERED, NULLED)],
    (XGBOOST, leaves_of_one_class_off),
    *[(name, another_default) for name in (EVERY, TREE, TARGET, ORDERED)],
    (TARGET, two_levels_swapped),
    (EVERY, null_unknown),
    (EVERY, empty_unknown),
    *[(name, scaled_a_millionth_off) for name in (EVERY, HOT, TARGET, TREE, NULLED)],
    *[(name, centered_a_little_off) for name in (EVERY, HOT, TARGET, TREE)],
    (EVERY, a_coefficient_off),
    (TARGET, a_coefficient_off),
    (EVERY, filled_otherwise),
    (NULLED, a_bound_let_out),
    *[(name, labels_swapped) for name in (HOT, TARGET, ORDERED, XGBOOST)],
    (TARGET, shares_swapped),
    (EVERY, rounded_to_single),
    (TARGET, valid_always),
    *[(name, valid_never) for name in (EVERY, TARGET)],
]


@pytest.mark.parametrize(("name", "plant"), PLANTED)
def test_a_wrong_operation_is_caught(spark, asked, name, plant):
    made, answers = asked(name)
    model = onnx.ModelProto()
    model.CopyFrom(made.compiled.model)
    plant(model)
    assert model != made.compiled.model
    parity = verdict(made, answers, model)
    assert not parity.holds
    assert "rows differ" in str(parity)


def late(clock, which, seconds):
    """Some changes that many seconds late."""
    clock["moments"][which] = [moment + seconds for moment in clock["moments"][which]]


def after_1970(clock):
    pairs = [
        (moment, offset) for moment, offset in zip(clock["moments"], clock["offsets"][1:], strict=True) if moment > 0
    ]
    clock.update(moments=[moment for moment, _ in pairs], offsets=[3600, *(offset for _, offset in pairs)])


CLOCKS = {
    "a change a second late": lambda clock: late(clock, slice(-300, -299), 1),
    "all changes an hour late": lambda clock: late(clock, slice(None), 3600),
    "no summer time": lambda clock: clock.update(moments=[], offsets=[3600]),
    "UTC": lambda clock: clock.update(moments=[], offsets=[0]),
    "nothing before 1970": after_1970,
}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        *((EVERY, title) for title in CLOCKS),
        (TREE, "all changes an hour late"),
        (TREE, "no summer time"),
        (TREE, "UTC"),
    ],
)
def test_the_clock_of_another_zone_is_caught(spark, asked, tmp_path, name, title):
    made, answers = asked(name)
    folder = copied(made.folder, tmp_path / "pipeline")
    stored = json.loads((folder / "clock.json").read_text(encoding="utf-8"))
    CLOCKS[title](stored)
    (folder / "clock.json").write_text(json.dumps(stored), encoding="utf-8")
    assert not verdict(made, answers, compile_graph(made.plan, folder, made.compiled.sentinel)).holds


def test_a_proof_without_a_kind_of_row_does_not_hold(spark, asked):
    made, answers = asked(TREE)
    import pyarrow.compute as pc

    rest = answers.rows.filter(pc.not_equal(answers.rows.column("⟨kind⟩"), "split"))
    parity = compare_outputs(made.compiled, made.plan, dataclasses.replace(answers, rows=rest)).parity
    assert not parity.holds
    assert "no rows of the kinds split" in str(parity)


LIMITS = [
    (HOT, {"threshold": 0.2}),
    *[
        pytest.param(name, params, marks=pytest.mark.long)
        for name, params in [
            (HOT, {"thresholds": [0.9, 0.3]}),
            (HOT, {"threshold": 0.0}),
            (HOT, {"threshold": 1.0}),
            (TARGET, {"thresholds": [0.1, 0.5, 0.3]}),
            (ORDERED, {"thresholds": [0.0, 0.7]}),
            (ORDERED, {"thresholds": [0.9, 0.3]}),
            ("tree, one-hot, rare levels", {"thresholds": [0.5, 0.0, 0.2]}),
            ("boosted, two classes", {"thresholds": [0.9, 0.3]}),
            ("gaussian naive Bayes", {"thresholds": [1.0, 0.05, 0.3]}),
            ("neural net", {"thresholds": [1.0, 0.05, 0.3]}),
            ("svm, two classes", {"threshold": 0.3}),
        ]
    ],
]


@pytest.mark.parametrize(("name", "params"), LIMITS)
def test_thresholds_of_a_model_are_kept_and_a_graph_without_them_is_caught(spark, pipelines, tmp_path, name, params):
    made = pipelines[name]
    folder = copied(made.folder, tmp_path / "pipeline")
    set_param(stages(folder)[-1], **params)
    limited = compile_saved(made.plan, folder, load_pipeline(folder, spark), spark)
    rows = spark.createDataFrame(as_table(drawn_rows(200, 5), CASES[name].use))
    answers = pipeline_output(limited, made.plan, rows)
    assert compare_outputs(limited, made.plan, answers).parity.holds
    parity = compare_outputs(dataclasses.replace(limited, model=made.compiled.model), made.plan, answers).parity
    assert not parity.holds
    assert parity.differing["held out"] + parity.differing["mixed"] > 0


def test_the_session_is_active_and_has_its_time_zone_after_a_proof_also_where_it_fails(spark, pipelines):
    made = pipelines[TREE]
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    with pytest.raises(Exception, match=r"(?i)moment|unresolved|resolve"):
        verify_graph(made.compiled, made.plan, spark.range(1))
    assert spark.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    assert SparkSession.getActiveSession() is spark

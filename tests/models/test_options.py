from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from spark_jobs import models
from spark_jobs.errors import SpecError
from spark_jobs.models import FitContext, algorithm_kinds, balanced_weights, check_supported, find, options, partitions

KINDS = ("boosted_trees", "forest", "linear", "naive_bayes", "neural_net", "svm", "tree", "xgboost")


def said(call, *arguments, **named):
    with pytest.raises(SpecError) as caught:
        call(*arguments, **named)
    return caught.value.message, caught.value.advice


def test_the_kinds_are_the_families_and_no_private_module():
    assert algorithm_kinds() == KINDS


def test_an_unknown_kind_is_named_with_its_nearest():
    message, advice = said(find, "forrest")
    assert message == f"`model.kind` must be one of {', '.join(KINDS)}. Got 'forrest' instead."
    assert advice == "Did you mean 'forest'?"


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_has_a_default_a_description_and_a_bound(kind):
    for name, field in find(kind).options.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name
        schema = find(kind).options.model_json_schema()["properties"][name]
        bounded = {"minimum", "exclusiveMinimum", "enum", "anyOf", "items"} & set(schema)
        assert bounded or schema["type"] == "boolean", name


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_keep_their_own_bounds(kind):
    known = find(kind).options
    assert known.model_validate(known().model_dump()) == known()


DEPTH = "a whole number from 0 to 30"
UNITS = "a list of at most 8 entries, each a whole number from 1 to 10,000"
FEATURES = "auto, all, sqrt, log2, onethird or a number > 0 and ≤ 1"
BAYES = "one of gaussian, multinomial, bernoulli, complement"


@pytest.mark.parametrize(
    ("kind", "name", "value", "expected", "got"),
    [
        ("tree", "max_depth", 0.5, DEPTH, "0.5"),
        ("tree", "max_depth", 31, DEPTH, "31"),
        ("tree", "max_depth", True, DEPTH, "true"),
        ("tree", "max_depth", None, DEPTH, "nothing (null)"),
        ("xgboost", "learning_rate", "0.1", "a number > 0 and ≤ 1", "'0.1'"),
        ("linear", "reg_param", float("nan"), "a number ≥ 0", "nan"),
        ("linear", "fit_intercept", "yes", "true or false", "'yes'"),
        ("linear", "solver", "newton", "one of auto, normal, l-bfgs", "'newton'"),
        ("neural_net", "hidden_layers", [8, 0], UNITS, "[8, 0]"),
        ("forest", "feature_subset_strategy", 1.5, FEATURES, "1.5"),
        ("naive_bayes", "model_type", "gausian", BAYES, "'gausian'"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be_and_what_came(kind, name, value, expected, got):
    message, _ = said(options, kind, {name: value})
    assert message == f"`model.params.{name}` must be {expected}. Got {got} instead."


@pytest.mark.parametrize(
    ("kind", "name", "nearest"),
    [
        ("forest", "num_treees", "num_trees"),
        ("forest", "n_estimators", "num_trees"),
        ("xgboost", "num_trees", "n_estimators"),
        ("boosted_trees", "num_trees", "max_iter"),
        ("tree", "depth", "max_depth"),
        ("tree", "maxMemoryInMB", "max_memory_in_mb"),
        ("linear", "regParam", "reg_param"),
        ("linear", "alpha", "reg_param"),
        ("xgboost", "alpha", "reg_alpha"),
        ("svm", "maxIter", "max_iter"),
    ],
)
def test_an_unknown_option_is_named_with_the_nearest_one(kind, name, nearest):
    message, advice = said(options, kind, {name: 5})
    assert message == f"`model.params.{name}` is not an option of `model.kind: {kind}`."
    assert advice == f"Did you mean '{nearest}'?"


FORMER = {
    "linear": {
        "regularization": "reg_param",
        "elastic_net": "elastic_net_param",
        "max_iterations": "max_iter",
        "tolerance": "tol",
        "intercept": "fit_intercept",
    },
    "svm": {
        "regularization": "reg_param",
        "max_iterations": "max_iter",
        "tolerance": "tol",
        "intercept": "fit_intercept",
    },
    "tree": {
        "bins": "max_bins",
        "min_rows": "min_instances_per_node",
        "min_gain": "min_info_gain",
        "memory": "max_memory_in_mb",
    },
    "forest": {
        "trees": "num_trees",
        "bins": "max_bins",
        "min_rows": "min_instances_per_node",
        "subsample": "subsampling_rate",
        "features_per_split": "feature_subset_strategy",
    },
    "boosted_trees": {"trees": "max_iter", "learning_rate": "step_size", "subsample": "subsampling_rate"},
    "naive_bayes": {"kind": "model_type"},
    "neural_net": {
        "layers": "hidden_layers",
        "max_iterations": "max_iter",
        "tolerance": "tol",
        "block_rows": "block_size",
    },
    "xgboost": {
        "trees": "n_estimators",
        "bins": "max_bin",
        "features_per_tree": "colsample_bytree",
        "min_weight": "min_child_weight",
        "min_gain": "gamma",
        "regularization": "reg_lambda",
        "l1": "reg_alpha",
        "workers": "num_workers",
    },
}


@pytest.mark.parametrize(("kind", "former"), FORMER.items())
def test_a_former_name_of_an_option_is_refused_with_the_current_name(kind, former):
    assert {name: said(options, kind, {name: 5})[1] for name in former} == {
        name: f"Did you mean '{current}'?" for name, current in former.items()
    }


def test_a_number_of_trees_is_not_taken_for_the_iterations_of_a_model_without_trees():
    _, advice = said(options, "linear", {"num_trees": 5})
    assert advice.startswith("Available: ")


def spark_names(*classes):
    """Return the parameters of Spark's estimators in snake_case, from their source, without importing pyspark."""
    folder = Path(importlib.util.find_spec("pyspark").origin).parent / "ml"
    nodes = [node for name in ("classification", "regression") for node in body_of(folder / f"{name}.py")]
    found = [node for node in nodes if isinstance(node, ast.ClassDef) and node.name in classes]
    made = [node for one in found for node in one.body if getattr(node, "name", "") == "__init__"]
    names = [argument.arg for node in made for argument in node.args.kwonlyargs]
    return {re.sub("(?<=[a-z])([A-Z]+)", r"_\1", name).lower() for name in names}


def body_of(file):
    return ast.parse(file.read_text(encoding="utf-8")).body


@pytest.mark.parametrize(
    ("kind", "classes", "own"),
    [
        ("linear", ("LinearRegression", "LogisticRegression"), set()),
        ("svm", ("LinearSVC", "OneVsRest"), set()),
        ("tree", ("DecisionTreeRegressor", "DecisionTreeClassifier"), set()),
        ("forest", ("RandomForestRegressor", "RandomForestClassifier"), set()),
        ("boosted_trees", ("GBTRegressor", "GBTClassifier"), set()),
        ("naive_bayes", ("NaiveBayes",), set()),
        ("neural_net", ("MultilayerPerceptronClassifier",), {"hidden_layers", "reg_param"}),
    ],
)
def test_options_have_the_names_of_spark_in_snake_case(kind, classes, own):
    assert set(find(kind).options.model_fields) - spark_names(*classes) == own


def test_options_of_xgboost_have_the_names_of_xgboost():
    folder = Path(importlib.util.find_spec("xgboost").origin).parent
    text = (folder / "sklearn.py").read_text() + (folder / "spark" / "core.py").read_text()
    assert [name for name in find("xgboost").options.model_fields if not re.search(rf"\b{name}\b", text)] == []


def test_options_take_whole_numbers_where_a_number_is_asked_and_lists_for_layers():
    assert options("linear", {"reg_param": 1}).reg_param == 1.0
    assert options("neural_net", {"hidden_layers": [8, 4]}).hidden_layers == (8, 4)
    assert options("forest", {"feature_subset_strategy": 0.5}).feature_subset_strategy == 0.5


@pytest.mark.parametrize(
    ("kind", "task", "alternative"),
    [
        ("svm", "regression", "linear"),
        ("naive_bayes", "regression", "linear"),
        ("neural_net", "regression", "xgboost"),
        ("boosted_trees", "multiclass", "xgboost"),
    ],
)
def test_a_task_that_an_algorithm_cannot_do_is_refused_with_what_to_use(kind, task, alternative):
    message, advice = said(check_supported, kind, task)
    assert message.startswith(f"`model.kind: {kind}` (")
    assert f"cannot do `task: {task}`" in message
    assert alternative in advice
    check_supported(alternative, task)


def test_xgboost_is_refused_on_connect_and_without_its_package(monkeypatch):
    message, _ = said(check_supported, "xgboost", "binary", connect=True)
    assert "needs a classic Spark session" in message
    check_supported("forest", "binary", connect=True)
    monkeypatch.setattr(models, "find_spec", lambda name: None if name == "xgboost" else importlib.util.find_spec(name))
    message, advice = said(check_supported, "xgboost", "binary")
    assert message == "`model.kind: xgboost` needs the package xgboost, which is not installed."
    assert advice == "Install it: pip install 'spark-jobs[boost]'"


def test_a_neural_net_refuses_row_weights():
    context = FitContext(task="binary", classes=2, width=3, arity=0, rows=10, weight=True)
    message, _ = said(models.estimator, "neural_net", {}, context)
    assert message == "`model.kind: neural_net` (multilayer perceptron) takes no row weights."


def test_balanced_weights_are_those_of_scikit_learn():
    labels = np.repeat([0, 1, 2], [90, 7, 3])
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 2]), y=labels)
    assert balanced_weights([90, 7, 3]) == pytest.approx(list(expected), rel=1e-12)
    assert balanced_weights([90, 0, 10]) == pytest.approx([100 / 180, 1.0, 5.0])


def test_small_data_is_trained_in_one_partition_and_large_data_in_many():
    assert partitions("svm", 1_700) == 1
    assert partitions("linear", 1_000_000) == 40
    assert partitions("xgboost", 1_000_000) is None


def test_the_scaling_of_naive_bayes_follows_its_model_type():
    kinds = [options("naive_bayes", {"model_type": one}) for one in ("gaussian", "multinomial", "bernoulli")]
    assert [find("naive_bayes").numbers_for(one) for one in kinds] == ["standardized", "unit", "any"]


def test_looking_at_every_family_imports_no_spark():
    program = (
        "import json, sys\nfrom spark_jobs import models\n"
        "for kind in models.algorithm_kinds(): models.options(kind, {}); models.check_supported(kind)\n"
        "print(json.dumps([name for name in ('pyspark', 'xgboost', 'spox', 'onnx', 'sklearn') if name in sys.modules]))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert json.loads(done.stdout) == []

"""Which algorithms `auto` compares, what it tries first, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spark_jobs.errors import SpecError
from spark_jobs.models import TableShape, find
from spark_jobs.spec import parse
from spark_jobs.tuning.families import compared_algorithms, first_proposals, optimized_metric, search_parameters
from spark_jobs.tuning.space import Proposal

SHAPE = TableShape("binary", 5000, 10, 2, 0.8, 30, 60)
NUMBERS = TableShape("regression", 5000, 10, 0, 1.0, 0, 10)


def spec_of(**keys):
    return parse({"source": "a.csv", "target": "y", "model": {"kind": "auto"}, **keys})


def test_auto_compares_cheap_algorithms_first_and_says_why_it_leaves_others_out():
    kinds, left_out = compared_algorithms(spec_of(), SHAPE, "roc_auc", connect=False)
    assert kinds == ("xgboost", "linear", "neural_net")
    assert left_out == dict.fromkeys(("boosted_trees", "forest"), "trees that are fitted faster are compared")
    assert compared_algorithms(spec_of(), NUMBERS, "rmse", connect=False)[0] == ("xgboost", "linear")


def test_without_a_classic_session_sparks_own_trees_stand_in():
    kinds, left_out = compared_algorithms(spec_of(), SHAPE, "roc_auc", connect=True)
    assert kinds == ("linear", "boosted_trees", "forest", "neural_net")
    assert "needs a classic Spark session" in left_out["xgboost"]


@pytest.mark.parametrize(
    ("keys", "shape", "kind", "reason"),
    [
        ({"weight": "w"}, SHAPE, "neural_net", "it takes no row weights"),
        ({}, TableShape("binary", 199, 10, 2, 0.8, 30, 60), "neural_net", "needs 200 rows or more"),
        (
            {},
            TableShape("binary", 5000, 10, 2, 0.2, 30, 201),
            "neural_net",
            "1,005,000 cells (rows by features) are more than 1,000,000",
        ),
    ],
)
def test_an_algorithm_that_does_not_suit_the_table_is_left_out(keys, shape, kind, reason):
    kinds, left_out = compared_algorithms(spec_of(**keys), shape, "roc_auc", connect=False)
    assert kind not in kinds
    assert left_out[kind] == reason


def test_a_named_algorithm_is_searched_alone():
    spec = spec_of(model={"kind": "svm"}, tune={})
    assert compared_algorithms(spec, SHAPE, "f1", connect=False) == (("svm",), {})


def test_points_come_first_then_defaults_and_portfolios_in_turn():
    spec = spec_of(tune={"points": [{"linear.reg_param": 0.5}]})
    first = first_proposals(spec, ("xgboost", "linear"), SHAPE)
    assert first[:3] == [Proposal("linear", {"reg_param": 0.5}), Proposal("xgboost", {}), Proposal("linear", {})]
    assert first[3].settings == find("xgboost").search.portfolio(SHAPE)[0]
    assert len(first) == len({str(one) for one in first})


def test_every_portfolio_is_valid_for_its_algorithm():
    for kind in ("xgboost", "linear", "forest", "boosted_trees", "neural_net", "svm", "naive_bayes", "tree"):
        spec = spec_of(model={"kind": kind}, tune={})
        assert first_proposals(spec, (kind,), SHAPE)[0] == Proposal(kind, {})


def test_options_that_the_spec_sets_are_neither_searched_nor_changed():
    spec = spec_of(model={"kind": "xgboost", "params": {"max_depth": 4}}, features={"categorical": "label"}, tune={})
    assert not {"max_depth", "features.categorical"} & set(search_parameters(spec, "xgboost", SHAPE, "roc_auc"))
    for one in first_proposals(spec, ("xgboost",), SHAPE):
        applied = one.apply(spec)
        assert applied.model.params["max_depth"] == 4
        assert applied.features.categorical == "label"


def test_encodings_and_class_weights_are_searched_where_they_matter():
    spec = spec_of(model={"kind": "xgboost"}, tune={})
    assert "features.categorical" in search_parameters(spec, "xgboost", SHAPE, "roc_auc")
    assert "features.categorical" not in search_parameters(spec, "xgboost", NUMBERS, "rmse")
    many = replace(SHAPE, task="multiclass", classes=11)
    assert "features.categorical" not in search_parameters(spec, "xgboost", many, "log_loss"), "a column a class"
    first = [one.settings.get("features.categorical") for one in first_proposals(spec, ("xgboost",), SHAPE)]
    assert first[:4] == [None, None, "target", "label_target"]
    assert set(first[4:]) == {"label_target"}
    assert "model.balance" in search_parameters(spec, "xgboost", SHAPE, "balanced_accuracy")
    assert "model.balance" not in search_parameters(spec, "xgboost", SHAPE, "roc_auc")


def test_a_range_of_the_spec_replaces_the_algorithms_own():
    spec = spec_of(tune={"space": {"xgboost.max_depth": {"low": 2, "high": 4}, "xgboost.gamma": [0, 1]}})
    found = search_parameters(spec, "xgboost", SHAPE, "roc_auc")
    assert (found["max_depth"].low, found["max_depth"].high, found["max_depth"].whole) == (2, 4, True)
    assert found["gamma"].values == (0, 1)
    assert "gamma" not in search_parameters(spec, "linear", SHAPE, "roc_auc")


def test_the_metric_is_the_specs_or_the_usual_one_of_the_task():
    assert [optimized_metric(spec_of(), task) for task in ("regression", "binary", "multiclass")] == [
        "rmse", "roc_auc", "log_loss",
    ]  # fmt: skip
    assert optimized_metric(spec_of(evaluate={"metrics": ["f1", "accuracy"]}), "binary") == "f1"
    with pytest.raises(SpecError, match=r"`tune\.metric: r2` is not a metric of `task: binary`"):
        optimized_metric(spec_of(tune={"metric": "r2"}), "binary")

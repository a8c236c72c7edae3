"""What `check` says about a search that cannot work, each in one line of cause and one of advice."""

from __future__ import annotations

import pytest

from spark_jobs.errors import SpecError
from spark_jobs.spec import parse
from spark_jobs.spec_validation import verify_spec


def refusal(**keys):
    with pytest.raises(SpecError) as error:
        verify_spec(parse({"source": "a.csv", "target": "y", **keys}))
    assert error.value.exit_status == 2
    return error.value


@pytest.mark.parametrize(
    ("space", "message", "advice"),
    [
        ({"max_dept": [3, 4]}, "names an unknown option of `model.kind: xgboost`. Got 'max_dept'", "max_depth"),
        ({"max_depth": {"low": 8, "high": 3}}, "is an empty range: low 8 is not below high 3", "Widen"),
        ({"max_depth": []}, "must be `{low: 0.01, high: 0.3, log: true}` or a list of values", "at least one"),
        ({"max_depth": {"low": 3, "high": 99}}, "must be a whole number from 1 to 30. Got 99", ""),
        ({"learning_rate": [0.1, "fast"]}, "must be a number > 0 and ≤ 1. Got 'fast'", ""),
        ({"gamma": {"low": 0, "high": 1, "log": True}}, "so `low` must be above 0", "Raise"),
        (
            {"features.categorical": ["auto", "tagret"]},
            "must list some of auto, label, label_target, one_hot, target. Got",
            "'target'",
        ),
        ({"model.balance": [1.5]}, "must list some of false, true", ""),
        ({"max_depth": {"from": 3, "to": 9}}, "must be `{low: 0.01", "`low` and `high`"),
    ],
)
def test_a_wrong_range_is_refused_by_name(space, message, advice):
    error = refusal(model={"kind": "xgboost"}, tune={"space": space})
    assert message in error.message
    assert "tune.space." in error.message
    assert next(iter(space)) in error.message
    assert advice in error.advice


def test_a_range_of_an_option_that_the_spec_sets_is_refused():
    error = refusal(model={"kind": "xgboost", "params": {"max_depth": 3}}, tune={"space": {"max_depth": [3, 4]}})
    assert "has a range, but the spec also sets its value" in error.message


def test_points_are_validated_like_params():
    error = refusal(model={"kind": "forest"}, tune={"points": [{"num_trees": 10}, {"num_tree": 10}]})
    assert error.message.startswith("`tune.points[1]` names an unknown option of `model.kind: forest`")
    assert "from 1 to 10,000" in refusal(model={"kind": "forest"}, tune={"points": [{"num_trees": 0}]}).message


def test_with_auto_each_name_starts_with_its_algorithm():
    error = refusal(model={"kind": "auto"}, tune={"space": {"max_depth": [3, 4]}})
    assert "names no option of an algorithm" in error.message
    assert "`xgboost.max_depth`" in error.advice
    tune = {"space": {"xgboost.max_depth": [3, 4]}, "points": [{"linear.reg_param": 0.1}]}
    verify_spec(parse({"source": "a.csv", "target": "y", "model": {"kind": "auto"}, "tune": tune}))


def test_auto_takes_no_params():
    error = refusal(model={"kind": "auto", "params": {"max_depth": 3}})
    assert "does not apply to `model.kind: auto`" in error.message


def test_a_metric_of_another_task_is_refused():
    assert "is not a metric of `task: regression`" in refusal(task="regression", tune={"metric": "roc_auc"}).message
    assert "is not a known metric" in refusal(tune={"metric": "auc"}).message


@pytest.mark.parametrize(
    "tune", [{"trials": 0}, {"minutes": 0}, {"folds": 1}, {"engine": "bayes"}, {"trails": 3}, {"points": [3]}]
)
def test_a_wrong_limit_is_refused(tune):
    assert "tune" in refusal(tune=tune).message


def test_an_integer_is_a_number_of_minutes():
    assert parse({"source": "a.csv", "target": "y", "tune": {"minutes": 2}}).tune.minutes == 2.0


def test_without_limits_there_are_twenty_trials_and_ten_minutes_and_one_limit_stands_alone():
    def limits(**tune):
        return parse({"source": "a.csv", "target": "y", "tune": tune}).search.limits

    assert limits() == (20, 10.0)
    assert limits(trials=12) == (12, None)
    assert limits(minutes=2) == (None, 2.0)
    assert parse({"source": "a.csv", "target": "y"}).search is None
    assert parse({"source": "a.csv", "target": "y", "model": {"kind": "auto"}}).search.limits == (20, 10.0)

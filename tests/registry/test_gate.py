from __future__ import annotations

import math

import pytest

from spark_jobs.errors import SpecError
from spark_jobs.registry.gate import Scores, objections


def scored(version: int, test: str = "hash", **metrics: float) -> Scores:
    return Scores(version, metrics, "regression", test)


def test_without_a_champion_the_thresholds_alone_decide():
    assert objections(scored(1, rmse=44.0, r2=0.3), None, "rmse", {"rmse": 45.0, "r2": 0.2}) == ()
    assert objections(scored(1, rmse=44.0, r2=0.1), None, "rmse", {"rmse": 45.0, "r2": 0.2}) == (
        "r2 of version 1 must be at least 0.2. It is 0.1.",
    )


@pytest.mark.parametrize(
    ("metric", "mine", "theirs", "passes"),
    [
        ("rmse", 43.0, 44.0, True),
        ("rmse", 44.0, 44.0, True),
        ("rmse", 45.0, 44.0, False),
        ("roc_auc", 0.8, 0.9, False),
        ("roc_auc", 0.95, 0.9, True),
        ("log_loss", 0.5, 0.4, False),
        ("rmse", math.nan, 44.0, False),
        ("rmse", math.inf, 44.0, False),
        ("rmse", 43.0, math.nan, True),
    ],
)
def test_a_challenger_must_be_no_worse_in_the_metrics_own_direction(metric, mine, theirs, passes):
    found = objections(scored(2, **{metric: mine}), scored(1, **{metric: theirs}), metric, {})
    assert (found == ()) is passes


def test_both_numbers_are_named():
    assert objections(scored(3, rmse=45.5), scored(1, rmse=44.25), "rmse", {}) == (
        "rmse of version 3 is 45.5, that of the champion is 44.25.",
    )


def test_numbers_of_other_tests_are_not_compared_in_silence():
    found = objections(scored(2, "time", rmse=1.0), scored(1, "hash", rmse=2.0), "rmse", {})
    assert found == ("Version 2 was tested by other rules than the champion, version 1.",)


def test_a_metric_that_is_not_there_does_not_pass():
    assert len(objections(scored(1, r2=0.5), None, "r2", {"rmse": 45.0})) == 1


def test_a_metric_of_unknown_direction_is_refused_with_the_nearest():
    with pytest.raises(SpecError, match="Did you mean 'rmse'"):
        objections(scored(2, rmsee=1.0), scored(1, rmsee=2.0), "rmsee", {})

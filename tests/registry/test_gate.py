from __future__ import annotations

import math
from dataclasses import replace

import pytest

from spark_jobs.errors import SpecError
from spark_jobs.registry.gate import Comparison, EvaluationSetup, Scores, gate_failures


def scored(version: int, **metrics: float) -> Scores:
    return Scores(version, metrics, EvaluationSetup("regression"))


def test_without_a_champion_the_thresholds_alone_decide():
    assert gate_failures(scored(1, rmse=44.0, r2=0.3), None, "rmse", {"rmse": 45.0, "r2": 0.2}) == ()
    assert gate_failures(scored(1, rmse=44.0, r2=0.1), None, "rmse", {"rmse": 45.0, "r2": 0.2}) == (
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
        ("rmse", 44.0 + 1e-9, 44.0, True),
        ("roc_auc", 0.9 - 1e-9, 0.9, True),
        ("roc_auc", 0.9 - 1e-5, 0.9, False),
    ],
)
def test_a_challenger_must_be_no_worse_in_the_metrics_own_direction(metric, mine, theirs, passes):
    found = gate_failures(scored(2, **{metric: mine}), Comparison(1, {metric: theirs}), metric, {})
    assert (found == ()) is passes


def test_both_numbers_are_named():
    assert gate_failures(scored(3, rmse=45.5), Comparison(1, {"rmse": 44.25}), "rmse", {}) == (
        "rmse of version 3 is 45.5; the champion, version 1, has 44.25 on the same test rows.",
    )
    assert gate_failures(scored(3, rmse=22_238.46), Comparison(1, {"rmse": 22_238.4}), "rmse", {}) == (
        "rmse of version 3 is 22,238.5; the champion, version 1, has 22,238.4 on the same test rows.",
    )


def test_a_champion_that_could_not_be_evaluated_is_not_passed_in_silence():
    assert gate_failures(scored(2, rmse=1.0), Comparison(1, error="Its bundle is gone."), "rmse", {"rmse": 2.0}) == (
        "Version 2 cannot be compared with the champion, version 1. Its bundle is gone.",
    )


HASH = {"kind": "hash", "test": 0.2, "seed": 42}
SETUP = EvaluationSetup("multiclass", "y", ("a", "b", "c"), HASH, (), {"x": "number", "z": "text"}, None, "f")
TIME, CHANCE = {"kind": "time", "column": "day"}, {"kind": "random"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"fingerprint": "g"}, ""),
        ({"labels": ("c", "b", "a")}, ""),
        ({"task": "regression", "labels": ()}, "The task is regression; the champion's is multiclass."),
        ({"target": "w"}, "The target is 'w'; the champion's is 'y'."),
        ({"labels": ("a", "b")}, "The labels are 'a', 'b'; the champion's are 'a', 'b', 'c'."),
        ({"split": HASH | {"seed": 7}}, "another `split`"),
        ({"key": ("x",)}, "another `key`"),
        ({"key": None}, ""),
        ({"identity": {"id": "text"}}, ""),
    ],
)
def test_metrics_are_compared_only_where_the_champion_cannot_have_seen_the_test_rows(change, told):
    found = replace(SETUP, **change).differences(SETUP)
    assert told in " ".join(found)
    assert bool(found) is bool(told)


@pytest.mark.parametrize(
    ("split", "change", "told"),
    [
        (HASH, {"fingerprint": "g", "cut": 3}, ""),
        (HASH, {"identity": {"id": "text"}}, "hashes other columns"),
        (HASH, {"identity": {"x": "text", "z": "text"}}, "or types"),
        (HASH, {"identity": None}, ""),
        (TIME, {"cut": 5, "identity": {"other": "text"}}, ""),
        (TIME, {"cut": 3}, "precede the champion's cut"),
        (CHANCE, {"identity": {"other": "text"}}, ""),
        (CHANCE, {"fingerprint": "g"}, "split is of other data"),
    ],
)
def test_who_compares_is_told_where_the_champion_may_have_learned_from_the_test_rows(split, change, told):
    before = replace(SETUP, split=split, cut=4)
    found = replace(before, **change).caution(before)
    assert told in found
    assert bool(found) is bool(told)
    assert gate_failures(scored(2, rmse=3.0), Comparison(1, {"rmse": 2.0}, caution=found), "rmse", {})[0].endswith(
        found or "on the same test rows."
    )


def test_a_metric_that_is_not_there_does_not_pass():
    assert len(gate_failures(scored(1, r2=0.5), None, "r2", {"rmse": 45.0})) == 1


def test_a_metric_of_unknown_direction_is_refused_with_the_nearest():
    with pytest.raises(SpecError, match="Did you mean 'rmse'"):
        gate_failures(scored(2, rmsee=1.0), Comparison(1, {"rmsee": 2.0}), "rmsee", {})

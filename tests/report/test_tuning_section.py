"""The report on a search: the choice in words, three parts side by side, every trial."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_contexts import context, regression

from spark_jobs.report.tuning_section import render_tuning
from spark_jobs.training.search_result import SearchResult, TrialRecord, is_far_worse


def search_of(score=2.0, spread=0.1):
    best = TrialRecord(
        2, "xgboost", {"max_depth": 6, "learning_rate": 0.08123}, "finished", score, spread, (), 1.5, 4.2
    )
    second = TrialRecord(0, "linear", {}, "finished", score + 1, spread, (), None, 65.0)
    failed = TrialRecord(1, "xgboost", {"max_depth": 30}, "failed", cause="Python ran out of <memory>.")
    return SearchResult(
        "rmse", 3, (second, failed, best), best, {"max_depth": 0.75, "learning_rate": 0.25},
        "XGBoost: rmse 2, linear 3", 90.0, {"neural_net": "needs mostly numbers"},
    )  # fmt: skip


def text_of(search, rmse=2.1):
    evaluation = regression()
    evaluation = replace(evaluation, metrics={**evaluation.metrics, "rmse": rmse})
    return str(render_tuning(replace(context(evaluation), search=search)))


def test_training_validation_and_test_stand_side_by_side():
    text = text_of(search_of(), rmse=2.125)
    assert "XGBoost: rmse 2, linear 3" in text
    places = [text.index(words) for words in (">1.5<", ">2 ± 0.1<", ">2.125<")]
    assert places == sorted(places)
    assert "far below validation" not in text


def test_every_trial_is_listed_the_best_first_and_the_failed_with_its_cause():
    text = text_of(search_of())
    assert "Leaderboard of 3 trials in 1:30 min" in text
    assert text.index("max_depth 6, learning_rate 0.0812") < text.index("linear and logistic regression")
    assert "Python ran out of &lt;memory&gt;." in text
    assert "Not tried: multilayer perceptron, needs mostly numbers." in text
    assert text.index("75 %") < text.index("25 %")


@pytest.mark.parametrize(("tested", "far"), [(2.0, False), (2.29, False), (2.31, True), (1.0, False), (20.0, True)])
def test_a_test_score_far_below_validation_is_flagged(tested, far):
    """More than three deviations (0.3) and more than 5 % (0.1) worse; a lower rmse is better."""
    assert is_far_worse(search_of(), tested) is far
    assert ("far below validation" in text_of(search_of(), tested)) is far


def test_a_difference_of_a_few_per_cent_is_not_flagged_however_close_the_folds_are():
    assert not is_far_worse(search_of(spread=0.0001), 2.09)
    assert is_far_worse(search_of(spread=0.0001), 2.11)


def test_without_a_search_there_is_no_section():
    assert str(render_tuning(context(regression()))) == ""

"""The baseline is what a constant prediction scores on the same test rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_contexts import context
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, f1_score, log_loss

from spark_jobs.report.baseline import compare_with_baseline, compute_baseline
from spark_jobs.report.evaluation_section import format_metric
from spark_jobs.training.evaluation_result import Evaluation


def regression(lowest=0.0, baseline=None):
    details = {"label": {"min": lowest, "max": 10.0, "mean": 10.0}}
    metrics = {"rmse": 1.0, "mae": 1.0, "r2": 0.5}
    return context(Evaluation("regression", 4, metrics, details | ({"baseline": baseline} if baseline else {})))


BASELINE = {"prediction": 5.0, "metrics": {"rmse": 5.0, "mae": 4.0, "r2": -0.25, "mape": 0.5}}


def classification(confusion, labels, class_rows, positive=None, plan_weight=None):
    task = "binary" if len(labels) == 2 else "multiclass"
    details = {"labels": labels, "confusion": np.array(confusion), "curves": {labels[-1]: {}}}
    evaluation = Evaluation(task, int(np.sum(confusion)), {"accuracy": 0.9}, details)
    made = replace(context(evaluation), class_rows=dict(enumerate(class_rows)), positive=positive)
    return replace(made, plan=replace(made.plan, weight=plan_weight))


def test_the_baseline_of_a_regression_is_the_one_that_the_evaluation_measured():
    found = compute_baseline(regression(baseline=BASELINE))
    assert found.prediction == "the mean of the training rows (5)"
    assert found.metrics == BASELINE["metrics"]


def test_the_sentence_compares_both_numbers():
    found = regression(baseline=BASELINE)
    sentence = compare_with_baseline(found, compute_baseline(found))
    assert sentence == "Predicting the mean of the training rows (5) for every row gives RMSE 5; this model 1."


def test_a_baseline_that_was_not_measured_is_not_guessed():
    unknown = regression()
    assert compute_baseline(unknown).metrics == {}
    assert compare_with_baseline(unknown, compute_baseline(unknown)) == ""


def test_r2_of_the_baseline_is_undefined_for_a_constant_target():
    assert "r2" not in compute_baseline(regression(lowest=10.0, baseline=BASELINE)).metrics


def test_the_majority_class_scores_what_scikit_learn_finds():
    made = classification([[60, 10], [20, 30]], ["no", "yes"], [70, 30], "yes")
    truth = np.repeat([0, 1], [70, 50])
    found = compute_baseline(made)
    assert found.metrics["accuracy"] == pytest.approx(accuracy_score(truth, np.zeros(120)))
    assert found.metrics["balanced_accuracy"] == balanced_accuracy_score(truth, np.zeros(120))
    assert (found.metrics["recall"], found.metrics["f1"], found.metrics["roc_auc"]) == (0.0, 0.0, 0.5)
    assert found.metrics["pr_auc"] == pytest.approx(50 / 120)
    assert "precision" not in found.metrics
    assert "(no)" in found.prediction


def test_of_many_classes_the_macro_scores_are_scikit_learns():
    made = classification([[30, 1, 2], [9, 50, 1], [3, 3, 1]], ["a", "b", "c"], [20, 70, 10])
    truth = np.repeat([0, 1, 2], [33, 60, 7])
    found = compute_baseline(made).metrics
    assert found["f1"] == pytest.approx(f1_score(truth, np.ones(100), average="macro", zero_division=0))
    assert found["accuracy"] == 0.6


def test_a_probability_of_the_baseline_is_the_share_of_its_class_in_the_training_rows():
    made = classification([[60, 10], [20, 30]], ["no", "yes"], [75, 25], "yes")
    made = replace(made, evaluation=replace(made.evaluation, metrics={"accuracy": 0.9, "log_loss": 0.1, "brier": 0.1}))
    truth, given = np.repeat([0, 1], [70, 50]), np.tile([0.75, 0.25], (120, 1))
    found = compute_baseline(made)
    assert found.metrics["log_loss"] == pytest.approx(log_loss(truth, given))
    assert found.metrics["brier"] == pytest.approx(brier_score_loss(truth, given[:, 1]))
    assert "the shares of the training classes as probabilities" in compare_with_baseline(made, found)


def test_of_many_classes_an_unseen_label_has_the_probability_zero():
    made = classification([[3, 1, 0], [0, 4, 0], [0, 0, 1], [0, 1, 0]], ["a", "b", "c"], [20, 70, 10])
    made = replace(made, evaluation=replace(made.evaluation, metrics={"accuracy": 0.9, "log_loss": 0.1, "brier": 0.1}))
    truth, shares = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 3]), np.array([0.2, 0.7, 0.1, 0.0])
    found = compute_baseline(made).metrics
    assert found["brier"] == pytest.approx(np.mean(((np.eye(4)[truth] - shares) ** 2).sum(axis=1)))
    assert found["log_loss"] == pytest.approx(np.mean(-np.log(np.maximum(shares[truth], np.finfo(float).eps))))


def test_weighted_rows_have_no_majority_baseline_as_the_evaluation_holds_plain_counts():
    made = classification([[6, 1], [2, 3]], ["no", "yes"], [7, 3], plan_weight="w")
    assert compute_baseline(made).metrics == {}


def test_unknown_class_rows_have_no_baseline():
    assert compute_baseline(classification([[6, 1], [2, 3]], ["no", "yes"], [])).metrics == {}


def test_an_r2_of_nearly_zero_is_no_power_of_ten():
    assert [format_metric("r2", value) for value in (-8.3e-05, 0.41234567)] == ["-0.0001", "0.4123"]
    assert format_metric("mape", 0.5) == "50 %"

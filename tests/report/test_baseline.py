"""The baseline is what a constant prediction scores on the same test rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_contexts import context, number_column, text_column
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, mean_squared_error, r2_score

from spark_jobs.profile.levels import LevelCounts
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.target_association import TargetAssociation
from spark_jobs.report.baseline import compare_with_baseline, compute_baseline, count_training_classes
from spark_jobs.training.evaluation_result import Evaluation

RNG = np.random.default_rng(7)
TRAINING = RNG.normal(180.0, 40.0, 4000)
ACTUAL = RNG.normal(190.0, 45.0, 900)
PREDICTED = ACTUAL + RNG.normal(2.0, 30.0, 900)


def regression(actual, predicted, training=TRAINING):
    mse = mean_squared_error(actual, predicted)
    metrics = {"rmse": mse**0.5, "mse": mse, "mae": 1.0, "r2": r2_score(actual, predicted)}
    label = {"min": actual.min(), "max": actual.max(), "mean": actual.mean()}
    evaluation = Evaluation("regression", len(actual), metrics, {"label": label})
    profile = Profile(len(training), {"y": number_column("y", training)})
    return replace(context(evaluation), target="y", profile=profile)


def leveled(rows):
    """A profile of one column that counts each class of the training rows, given as rows by level and class."""
    table = np.array([[sum(counts), *counts] for counts in rows], dtype=float)
    levels = LevelCounts.of([f"l{i}" for i in range(len(rows))], table, 1000)
    total = int(table[:, 0].sum())
    return Profile(total, {"c": ColumnProfile("c", "string", total, 0, levels=levels)})


def classification(confusion, labels, profile, positive=None, plan_weight=None):
    task = "binary" if len(labels) == 2 else "multiclass"
    details = {"labels": labels, "confusion": np.array(confusion), "curves": {labels[-1]: {}}}
    evaluation = Evaluation(task, int(np.sum(confusion)), {"accuracy": 0.9}, details)
    made = replace(context(evaluation), profile=profile, positive=positive)
    return replace(made, plan=replace(made.plan, weight=plan_weight))


def test_predicting_the_training_mean_scores_what_scikit_learn_finds():
    baseline = compute_baseline(regression(ACTUAL, PREDICTED))
    constant = np.full(len(ACTUAL), TRAINING.mean())
    assert baseline.metrics["rmse"] == pytest.approx(mean_squared_error(ACTUAL, constant) ** 0.5)
    assert baseline.metrics["r2"] == pytest.approx(r2_score(ACTUAL, constant))
    assert "mae" not in baseline.metrics


def test_a_model_worse_than_the_mean_has_the_same_baseline():
    worse = compute_baseline(regression(ACTUAL, PREDICTED + 100))
    assert worse.metrics["rmse"] == pytest.approx(compute_baseline(regression(ACTUAL, PREDICTED)).metrics["rmse"])


def test_the_sentence_compares_both_numbers():
    actual, training = np.array([0.0, 10.0]), np.array([5.0, 5.0])
    found = regression(actual, np.array([1.0, 9.0]), training)
    sentence = compare_with_baseline(found, compute_baseline(found))
    expected = "Predicting the mean of the training rows (5) for every row gives RMSE 5; this model 1."
    assert sentence == expected


def test_a_baseline_that_cannot_be_derived_is_not_guessed():
    perfect = regression(ACTUAL, ACTUAL)
    assert compute_baseline(perfect).metrics == {}
    assert compare_with_baseline(perfect, compute_baseline(perfect)) == ""
    unknown = replace(regression(ACTUAL, PREDICTED), profile=Profile(0, {}))
    assert compute_baseline(unknown).metrics == {}


def test_a_constant_target_is_missed_by_the_distance_of_the_means():
    found = compute_baseline(regression(np.full(5, 12.0), np.arange(5.0), np.array([10.0, 10.0])))
    assert found.metrics == {"rmse": 2.0, "mse": 4.0, "mae": 2.0}


def test_the_majority_class_scores_what_scikit_learn_finds():
    made = classification([[60, 10], [20, 30]], ["no", "yes"], leveled([[25], [5]]), "yes")  # 30 of the second class
    made = replace(made, profile=replace_rows(made.profile, no=70, yes=30))
    truth = np.repeat([0, 1], [70, 50])
    found = compute_baseline(made)
    assert found.metrics["accuracy"] == pytest.approx(accuracy_score(truth, np.zeros(120)))
    assert found.metrics["balanced_accuracy"] == balanced_accuracy_score(truth, np.zeros(120))
    assert (found.metrics["recall"], found.metrics["f1"], found.metrics["roc_auc"]) == (0.0, 0.0, 0.5)
    assert found.metrics["pr_auc"] == pytest.approx(50 / 120)
    assert "precision" not in found.metrics
    assert "(no)" in found.prediction


def replace_rows(profile, no, yes):
    """The profile of a number whose relation counts a binary target."""
    y = np.repeat([0.0, 1.0], [no, yes])[:, None]
    relation = TargetAssociation.of(RNG.normal(size=no + yes), y)
    return Profile(no + yes, {"n": ColumnProfile("n", "double", no + yes, 0, target_association=relation)})


def test_of_many_classes_the_macro_scores_are_scikit_learns():
    profile = leveled([[10, 50, 5], [10, 20, 5]])
    made = classification([[30, 1, 2], [9, 50, 1], [3, 3, 1]], ["a", "b", "c"], profile)
    truth = np.repeat([0, 1, 2], [33, 60, 7])
    found = compute_baseline(made).metrics
    assert found["f1"] == pytest.approx(f1_score(truth, np.ones(100), average="macro", zero_division=0))
    assert found["accuracy"] == 0.6


def test_weighted_rows_have_no_majority_baseline_as_the_evaluation_holds_plain_counts():
    made = classification([[6, 1], [2, 3]], ["no", "yes"], replace_rows(None, 7, 3), plan_weight="w")
    assert compute_baseline(made).metrics == {}


def test_class_rows_come_only_from_a_column_that_covers_every_training_row():
    assert count_training_classes(leveled([[10, 50, 5], [10, 20, 5]]), 3).tolist() == [20, 70, 10]
    gaps = Profile(200, leveled([[10, 50, 5]]).columns)
    assert count_training_classes(gaps, 3) is None
    assert count_training_classes(Profile(3, {"t": text_column("t", {"a": 2, "b": 1})}), 2) is None

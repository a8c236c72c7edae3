"""Metrics in memory, compared with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from spark_jobs.training.array_metrics import array_metrics

CHANCE = np.random.default_rng(5)
ROWS = 400
WEIGHT = CHANCE.choice([0.5, 1.0, 3.0], ROWS)


def test_metrics_of_numbers_are_those_of_scikit_learn():
    label = CHANCE.normal(3, 2, ROWS)
    predicted = label + CHANCE.normal(0, 0.5, ROWS)
    found = array_metrics("regression", label, predicted, WEIGHT)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(label, predicted, sample_weight=WEIGHT))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(label, predicted, sample_weight=WEIGHT))
    assert found["r2"] == pytest.approx(metrics.r2_score(label, predicted, sample_weight=WEIGHT))
    relative = metrics.mean_absolute_percentage_error(label, predicted, sample_weight=WEIGHT)
    assert found["mape"] == pytest.approx(relative)


def test_metrics_of_two_classes_are_those_of_scikit_learn():
    label = CHANCE.integers(0, 2, ROWS).astype(float)
    positive = np.clip(0.3 * label + CHANCE.uniform(0, 0.7, ROWS), 0, 1).round(2)
    found = array_metrics("binary", label, np.column_stack([1 - positive, positive]), WEIGHT)
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(label, positive, sample_weight=WEIGHT))
    assert found["pr_auc"] == pytest.approx(metrics.average_precision_score(label, positive, sample_weight=WEIGHT))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(label, positive, sample_weight=WEIGHT))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(label, positive, sample_weight=WEIGHT))
    assert found["f1"] == pytest.approx(metrics.f1_score(label, positive > 0.5, sample_weight=WEIGHT))


def test_metrics_of_many_classes_are_macro_averages():
    label = CHANCE.integers(0, 4, ROWS).astype(float)
    raw = CHANCE.uniform(0, 1, (ROWS, 4))
    raw[np.arange(ROWS), label.astype(int)] += 0.4
    shares = raw / raw.sum(axis=1, keepdims=True)
    found = array_metrics("multiclass", label, shares)
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(label, shares, multi_class="ovr", average="macro"))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(label, shares))
    assert found["f1"] == pytest.approx(metrics.f1_score(label, shares.argmax(axis=1), average="macro"))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(label, shares.argmax(axis=1)))


def test_rows_of_one_class_have_no_area():
    shares = np.array([[0.2, 0.8], [0.6, 0.4]])
    assert "roc_auc" not in array_metrics("binary", np.ones(2), shares)

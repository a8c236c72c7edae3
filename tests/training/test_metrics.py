"""Metrics from counts, against scikit-learn on the rows behind them. No Spark."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as exact

from spark_jobs.training.metrics import (
    binary_metrics,
    class_table,
    macro_metrics,
    per_class,
    regression_metrics,
    weighted_metrics,
)


def sums_of(y, predicted, w, shift):
    error = predicted - y
    nonzero = y != 0
    return {
        "weight": w.sum(),
        "squared": (w * error**2).sum(),
        "absolute": (w * np.abs(error)).sum(),
        "relative": (w * np.abs(error))[nonzero] @ (1 / np.abs(y[nonzero])),
        "nonzero": w[nonzero].sum(),
        "shifted": (w * (y - shift)).sum(),
        "shifted2": (w * (y - shift) ** 2).sum(),
    }


@pytest.mark.parametrize("mean", [0.0, 1e6])
def test_regression_metrics_are_scikit_learns(mean):
    rng = np.random.default_rng(0)
    y = rng.normal(mean, 3, 2000)
    predicted, w = y + rng.normal(0, 1, 2000), rng.random(2000)
    found = regression_metrics(sums_of(y, predicted, w, y.mean()))
    assert found == pytest.approx(
        {
            "rmse": exact.root_mean_squared_error(y, predicted, sample_weight=w),
            "mse": exact.mean_squared_error(y, predicted, sample_weight=w),
            "mae": exact.mean_absolute_error(y, predicted, sample_weight=w),
            "r2": exact.r2_score(y, predicted, sample_weight=w),
            "mape": exact.mean_absolute_percentage_error(y, predicted, sample_weight=w),
        },
        rel=1e-9,
    )


def test_a_constant_target_has_the_r2_of_scikit_learn():
    y, w = np.full(5, 3.0), np.ones(5)
    assert regression_metrics(sums_of(y, y + 1, w, 3.0))["r2"] == exact.r2_score(y, y + 1) == 0
    assert regression_metrics(sums_of(y, y, w, 3.0))["r2"] == exact.r2_score(y, y) == 1


def test_a_target_of_zeros_has_no_mape():
    y = np.zeros(4)
    assert "mape" not in regression_metrics(sums_of(y, y + 1, np.ones(4), 0.0))


@pytest.fixture(scope="module")
def classes():
    rng = np.random.default_rng(4)
    true = rng.integers(0, 4, 3000)
    called = np.where(rng.random(3000) < 0.7, true, rng.integers(0, 4, 3000))
    weights = rng.integers(1, 4, 3000).astype(float)
    return true, called, weights, exact.confusion_matrix(true, called, sample_weight=weights)


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_means_over_classes_are_scikit_learns(classes, average):
    true, called, weights, confusion = classes
    found = macro_metrics(confusion) if average == "macro" else weighted_metrics(confusion)
    given = {"sample_weight": weights, "average": average}
    assert found["precision"] == pytest.approx(exact.precision_score(true, called, **given))
    assert found["recall"] == pytest.approx(exact.recall_score(true, called, **given))
    assert found["f1"] == pytest.approx(exact.f1_score(true, called, **given))


def test_accuracy_and_its_balanced_kin_are_scikit_learns(classes):
    true, called, weights, confusion = classes
    found = macro_metrics(confusion)
    assert found["accuracy"] == pytest.approx(exact.accuracy_score(true, called, sample_weight=weights))
    assert found["balanced_accuracy"] == pytest.approx(
        exact.balanced_accuracy_score(true, called, sample_weight=weights)
    )


def test_a_class_that_neither_occurs_nor_is_predicted_is_left_out_of_the_means():
    confusion = np.array([[8.0, 2, 0], [1, 9, 0], [0, 0, 0]])
    assert macro_metrics(confusion) == pytest.approx(macro_metrics(confusion[:2, :2]))


def test_a_class_that_is_never_predicted_has_a_precision_of_0():
    table = class_table(np.array([[5.0, 0], [5, 0]]))
    assert table["precision"].tolist() == [0.5, 0]
    assert table["f1"][1] == 0


def test_rows_of_a_label_never_seen_are_errors_of_whatever_class_they_were_put_in():
    confusion = np.array([[40.0, 10], [5, 45], [0, 20]])
    found = binary_metrics(confusion, 1)
    assert found["accuracy"] == pytest.approx(85 / 120)
    assert found["precision"] == pytest.approx(45 / 75)
    assert found["recall"] == pytest.approx(45 / 50)
    assert found["balanced_accuracy"] == pytest.approx((0.8 + 0.9) / 2)


def test_the_table_of_classes_counts_rows_and_measures_weights():
    table = per_class(np.array([[2.0, 0], [2, 4]]), np.array([[20.0, 0], [1, 3]]), ["no", "yes"])
    assert table["yes"] == {"precision": 1.0, "recall": pytest.approx(2 / 3), "f1": pytest.approx(0.8), "rows": 4}
    assert table["no"]["rows"] == 20

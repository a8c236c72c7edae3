"""Metrics computed from the sums and counts that Spark returns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spark_jobs.training.curves import Doubles


def regression_metrics(sums: Mapping[str, float]) -> dict[str, float]:
    """Return RMSE, MSE, MAE, R² and MAPE from weighted sums over rows.

    MAPE excludes rows whose target is 0, and is absent if no other row is left. R² of a constant target is 1 for
    perfect predictions and else 0, as in scikit-learn.

    Args:
        sums: `weight` Σw, `squared` Σw·e², `absolute` Σw·|e|, `relative` Σw·|e/y|, `nonzero` Σw over rows with y ≠ 0,
            `shifted` Σw·(y-c) and `shifted2` Σw·(y-c)² for any c near the mean.
    """
    weight = sums["weight"]
    mse = sums["squared"] / weight
    spread = sums["shifted2"] - sums["shifted"] ** 2 / weight
    constant = spread <= 1e-12 * sums["shifted2"] or spread <= 0
    r2 = float(sums["squared"] == 0) if constant else 1 - sums["squared"] / spread
    found = {"rmse": math.sqrt(mse), "mse": mse, "mae": sums["absolute"] / weight, "r2": r2}
    if sums["nonzero"] > 0:
        found["mape"] = sums["relative"] / sums["nonzero"]
    return found


def class_table(confusion: Doubles) -> dict[str, Doubles]:
    """Return precision, recall, F1 and weight of each class; a ratio with denominator 0 is 0.

    Args:
        confusion: true classes by row, predicted classes by column. An extra last row holds labels that training did
            not see; these are errors whatever was predicted.
    """
    known = confusion.shape[1]
    right = np.diag(confusion[:known])
    support, called = confusion[:known].sum(axis=1), confusion.sum(axis=0)
    return {
        "precision": share(right, called),
        "recall": share(right, support),
        "f1": share(2 * right, support + called),
        "support": support,
    }


def binary_metrics(confusion: Doubles, positive: int) -> dict[str, float]:
    """Return accuracy and balanced accuracy, and precision, recall and F1 of the positive class."""
    table = class_table(confusion)
    one = {name: float(table[name][positive]) for name in ("precision", "recall", "f1")}
    return overall(confusion) | one


def macro_metrics(confusion: Doubles) -> dict[str, float]:
    """Return accuracy and balanced accuracy, and macro averages of precision, recall and F1.

    The averages are over the classes that occur or are predicted.
    """
    table = class_table(confusion)
    met = (confusion[: confusion.shape[1]].sum(axis=1) + confusion.sum(axis=0)) > 0
    macro = {name: float(table[name][met].mean()) for name in ("precision", "recall", "f1")}
    return overall(confusion) | macro


def weighted_metrics(confusion: Doubles) -> dict[str, float]:
    """Return precision, recall and F1 averaged over the classes, weighted by the weight of each class."""
    table = class_table(confusion)
    return {name: float(np.average(table[name], weights=table["support"])) for name in ("precision", "recall", "f1")}


def overall(confusion: Doubles) -> dict[str, float]:
    """Return accuracy, and balanced accuracy: the mean recall of the classes that occur."""
    known = confusion.shape[1]
    table = class_table(confusion)
    occur = table["support"] > 0
    balanced = float(table["recall"][occur].mean()) if occur.any() else 0.0
    return {
        "accuracy": float(np.diag(confusion[:known]).sum() / confusion.sum()),
        "balanced_accuracy": balanced,
    }


def per_class(confusion: Doubles, rows: Doubles, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the metrics of each class by label, with unweighted row counts."""
    table = class_table(confusion)
    counts = rows[: len(labels)].sum(axis=1)
    return {
        label: {name: float(table[name][k]) for name in ("precision", "recall", "f1")} | {"rows": int(counts[k])}
        for k, label in enumerate(labels)
    }


def share(part: Doubles, whole: Doubles) -> Doubles:
    """Return the parts divided by the wholes, 0 where the whole is 0."""
    shares: Doubles = np.divide(part, whole, out=np.zeros_like(part, dtype=float), where=whole > 0)
    return shares

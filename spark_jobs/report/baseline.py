"""The scores of a model that ignores all features: the mean, or the majority class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spark_jobs.formatting import format_number
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.report.context import ReportContext
from spark_jobs.report.formatting import format_metric_name, shorten
from spark_jobs.training.metrics import binary_metrics, macro_metrics

COMPARED = {"regression": "rmse", "binary": "accuracy", "multiclass": "accuracy"}
Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Baseline:
    """One constant prediction, and its metrics on the test rows; a metric that cannot be derived is absent."""

    prediction: str
    metrics: Mapping[str, float] = field(default_factory=dict)


def compute_baseline(context: ReportContext) -> Baseline:
    """Derive the baseline from the profile of the training rows and the evaluation on the test rows."""
    return _mean(context) if context.task == "regression" else _majority(context)


def compare_with_baseline(context: ReportContext, baseline: Baseline) -> str:
    """Compare the model with its baseline in one sentence; empty where the baseline is unknown."""
    name = COMPARED[context.task]
    if name not in baseline.metrics or name not in context.evaluation.metrics:
        return ""
    spelled = format_metric_name(name) if name == "rmse" else name
    usual, own = format_number(baseline.metrics[name]), format_number(context.evaluation.metrics[name])
    return f"Predicting {baseline.prediction} for every row gives {spelled} {usual}; this model {own}."


def _mean(context: ReportContext) -> Baseline:
    target = context.profile.columns.get(context.target)
    label = context.evaluation.details.get("label")
    if target is None or target.numbers is None or not target.numbers.count or not label:
        return Baseline("the mean of the training rows")
    mean = target.numbers.mean
    found = _mean_metrics(context.evaluation.metrics, label, mean)
    return Baseline(f"the mean of the training rows ({format_number(mean)})", found)


def _mean_metrics(metrics: Mapping[str, float], label: Mapping[str, Any], mean: float) -> dict[str, float]:
    """Return the metrics of predicting `mean`: the test rows' variance is MSE / (1 - R²)."""
    off = mean - label["mean"]
    if label["min"] == label["max"]:
        return {"rmse": abs(off), "mse": off * off, "mae": abs(off)}
    if metrics["r2"] >= 1 or metrics["mse"] <= 0:
        return {}
    variance = metrics["mse"] / (1 - metrics["r2"])
    mse = variance + off * off
    return {"rmse": math.sqrt(mse), "mse": mse, "r2": 0.0 - off * off / variance}


def _majority(context: ReportContext) -> Baseline:
    details = context.evaluation.details
    counts = count_training_classes(context.profile, len(details["labels"]))
    if counts is None:
        return Baseline("the majority class of the training rows")
    index = int(np.argmax(counts))
    told = f"the majority class of the training rows ({shorten(details['labels'][index])})"
    return Baseline(told, {} if context.is_weighted else _majority_metrics(context, index))


def _majority_metrics(context: ReportContext, majority: int) -> dict[str, float]:
    """Return the metrics of predicting one class; those of a probability, such as log loss, are left out."""
    details = context.evaluation.details
    labels, rows = list(details["labels"]), np.asarray(details["confusion"], dtype=float).sum(axis=1)
    confusion = np.zeros((len(rows), len(labels)))
    confusion[:, majority] = rows
    curves = [rows[labels.index(label)] / rows.sum() for label in details["curves"]]
    areas = {"roc_auc": 0.5, "pr_auc": float(np.mean(curves))} if curves else {}
    if context.task == "multiclass":
        return macro_metrics(confusion) | areas
    event = len(labels) - 1 if context.positive is None else labels.index(context.positive)
    found = binary_metrics(confusion, event) | areas
    return found if event == majority else {name: value for name, value in found.items() if name != "precision"}


def count_training_classes(profile: Profile, classes: int) -> Counts | None:
    """Return the training rows of each class, read off a column without gaps; None where no column has them."""
    found = (_class_rows(column, profile.rows) for column in profile.columns.values())
    return next((counts for counts in found if counts is not None and len(counts) == classes), None)


def _class_rows(column: ColumnProfile, rows: int) -> Counts | None:
    if column.levels is not None and column.levels.complete and column.levels.table:
        table = np.array(list(column.levels.table.values()))
        if table.shape[1] > 1 and table[:, 0].sum() == rows:
            return _both(table[:, 1:].sum(axis=0), rows)
    if column.target_association is not None and column.target_association.count == rows:
        return _both(column.target_association.mean_y * rows, rows)
    return None


def _both(sums: Counts, rows: int) -> Counts:
    """Return the rows of each class; of two classes the profile counts the second alone."""
    return np.array([rows - sums[0], sums[0]]) if len(sums) == 1 else sums

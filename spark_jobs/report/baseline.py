"""The scores of a model that ignores all features: the mean, or the majority class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spark_jobs.formatting import format_number
from spark_jobs.report.context import ReportContext
from spark_jobs.report.evaluation_section import format_metrics_alike, has_constant_label
from spark_jobs.report.formatting import format_metric_name, shorten
from spark_jobs.training.classification import CLIP
from spark_jobs.training.metrics import binary_metrics, macro_metrics

COMPARED = {"regression": "rmse", "binary": "accuracy", "multiclass": "accuracy"}
Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Baseline:
    """One constant prediction, and its metrics on the test rows; a metric that cannot be derived is absent."""

    prediction: str
    metrics: Mapping[str, float] = field(default_factory=dict)


def compute_baseline(context: ReportContext) -> Baseline:
    """Return the baseline, learned from the training rows and measured on the test rows."""
    return _mean(context) if context.task == "regression" else _majority(context)


def compare_with_baseline(context: ReportContext, baseline: Baseline) -> str:
    """Compare the model with its baseline in one sentence; empty where the baseline is unknown."""
    name = COMPARED[context.task]
    if name not in baseline.metrics or name not in context.evaluation.metrics:
        return ""
    spelled = format_metric_name(name) if name == "rmse" else name
    usual, own = format_metrics_alike(name, baseline.metrics[name], context.evaluation.metrics[name])
    told = f"Predicting {baseline.prediction} for every row gives {spelled} {usual}; this model {own}."
    shares = " Log loss and Brier score take the shares of the training classes as probabilities."
    return f"{told}{shares if 'log_loss' in baseline.metrics else ''}"


def _mean(context: ReportContext) -> Baseline:
    found = context.evaluation.details.get("baseline")
    if found is None:
        return Baseline("the mean of the training rows")
    undefined = {"r2"} if has_constant_label(context.evaluation.details) else set()
    metrics = {name: value for name, value in found["metrics"].items() if name not in undefined}
    return Baseline(f"the mean of the training rows ({format_number(found['prediction'])})", metrics)


def _majority(context: ReportContext) -> Baseline:
    details = context.evaluation.details
    if not context.class_rows:
        return Baseline("the majority class of the training rows")
    counts = np.array([float(context.class_rows.get(index, 0)) for index in range(len(details["labels"]))])
    index = int(np.argmax(counts))
    told = f"the majority class of the training rows ({shorten(details['labels'][index])})"
    if context.is_weighted:
        return Baseline(told)
    return Baseline(told, _majority_metrics(context, index) | _prior_losses(context, counts / counts.sum()))


def _majority_metrics(context: ReportContext, majority: int) -> dict[str, float]:
    """Return the metrics of predicting one class, without those of a probability."""
    details = context.evaluation.details
    labels, rows = list(details["labels"]), np.asarray(details["confusion"], dtype=float).sum(axis=1)
    confusion = np.zeros((len(rows), len(labels)))
    confusion[:, majority] = rows
    curves = [rows[labels.index(label)] / rows.sum() for label in details["curves"]]
    areas = {"roc_auc": 0.5, "pr_auc": float(np.mean(curves))} if curves else {}
    if context.task == "multiclass":
        return macro_metrics(confusion) | areas
    event = _event(context)
    found = binary_metrics(confusion, event) | areas
    return found if event == majority else {name: value for name, value in found.items() if name != "precision"}


def _prior_losses(context: ReportContext, shares: Counts) -> dict[str, float]:
    """Return log loss and Brier score of the shares of the training classes as probabilities, as the model's."""
    if "log_loss" not in context.evaluation.metrics:
        return {}
    details = context.evaluation.details
    rows = np.asarray(details["confusion"], dtype=float).sum(axis=1)
    given = np.append(shares, 0.0)[: len(rows)]  # the last row of the matrix is a label that training did not see
    log_loss = float(rows @ -np.log(np.clip(given, CLIP, 1 - CLIP)) / rows.sum())
    if context.task == "multiclass":
        return {"log_loss": log_loss, "brier": float(rows @ (shares @ shares - 2 * given + 1) / rows.sum())}
    event = _event(context)
    is_event = np.arange(len(rows)) == event
    return {"log_loss": log_loss, "brier": float(rows @ (shares[event] - is_event) ** 2 / rows.sum())}


def _event(context: ReportContext) -> int:
    """Return the index of the positive class of two."""
    labels = list(context.evaluation.details["labels"])
    return len(labels) - 1 if context.positive is None else labels.index(context.positive)

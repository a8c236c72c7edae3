"""Evaluation of a model on unseen rows: Spark counts every row, and none is collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pyspark.sql import DataFrame

from spark_jobs.errors import format_list
from spark_jobs.spec import Task
from spark_jobs.training import curves
from spark_jobs.training.classification import UNSEEN, Counted, EvaluationRequest, confusion_of, count_classes
from spark_jobs.training.evaluation_result import Evaluation
from spark_jobs.training.grouped_counts import Tally
from spark_jobs.training.metrics import binary_metrics, macro_metrics, per_class, weighted_metrics
from spark_jobs.training.regression import evaluate_numbers
from spark_jobs.training.slices import slice_metrics
from spark_jobs.training.thresholds import best_threshold

__all__ = ["Evaluation", "evaluate"]


def evaluate(
    scored: DataFrame,
    task: Task,
    labels: Sequence[str],
    positive: str | None,
    *,
    threshold_for: str | None = None,
    slices: Sequence[str] = (),
    weight: bool = False,
    constant: float | None = None,
) -> Evaluation:
    """Evaluate predictions of the test rows, in two passes over `scored`.

    A label that training did not see is an error: no class gets it right, its log loss is the largest possible, and for
    a curve the row does not belong to the curve's class.

    The areas are computed from scores binned at their quantiles. They are exact up to 65,535 distinct scores, and
    beyond that off by at most `details.curves.<label>.auc_bound`. Precision, recall and F1 are those of the positive
    class for two classes, else macro averages.

    Args:
        scored: `label` and `prediction` as doubles: the value, or the index in `labels` (a null label is one that
            training did not see). A classifier adds `probability`, or `rawPrediction` without one (vector or array).
            `weight`, the slicing columns and `label_text`, which names unseen labels, are there if used.
        positive: the positive label of two; by default the last.
        threshold_for: the metric that the decision threshold maximizes, for two classes.
        slices: columns by whose values the metrics are repeated.
        weight: whether rows have a weight.
        constant: of a regression, the prediction of a baseline whose metrics are in `details.baseline`.

    Raises:
        DataError: there are no rows, the rows are of one class only, or a prediction is not a number.
        SpecError: `threshold_for` is not a metric that depends on a threshold.
    """
    if task == "regression":
        return evaluate_numbers(scored, slices, weight, constant)
    ask = EvaluationRequest(task, tuple(labels), positive, tuple(slices), weight)
    counted = count_classes(scored, ask)
    metrics = _metrics(counted.confusion, ask) | _areas(counted) | _losses(counted)
    details = _details(counted, ask)
    if task == "binary" and threshold_for is not None:
        details["threshold"] = best_threshold(counted.bins[ask.event], threshold_for)
    return Evaluation(task, int(counted.rows.sum()), metrics, details, _notes(counted, ask))


def _metrics(confusion: curves.Doubles, ask: EvaluationRequest) -> dict[str, float]:
    return binary_metrics(confusion, ask.event) if ask.task == "binary" else macro_metrics(confusion)


def _drawn(counted: Counted) -> dict[int, curves.Bins]:
    """Return the classes that have both positive and negative test rows, because only these have a curve."""
    return {k: b for k, b in counted.bins.items() if b.positives.sum() > 0 and b.negatives.sum() > 0}


def _areas(counted: Counted) -> dict[str, float]:
    drawn = _drawn(counted).values()
    return {
        "roc_auc": float(np.mean([curves.roc_auc(bins) for bins in drawn])),
        "pr_auc": float(np.mean([curves.pr_auc(bins) for bins in drawn])),
    }


def _losses(counted: Counted) -> dict[str, float]:
    first = next(iter(counted.bins.values()))
    weight = float((first.positives + first.negatives).sum())
    return _mean_losses(counted.tally.part(0), weight) if counted.probabilities else {}


def _mean_losses(counted: Tally, weight: float) -> dict[str, float]:
    return {name: float(counted[of].sum()) / weight for name, of in (("log_loss", "loss"), ("brier", "brier"))}


def _details(counted: Counted, ask: EvaluationRequest) -> dict[str, Any]:
    known = len(ask.labels)
    shown = counted.rows if counted.rows[known].sum() else counted.rows[:known]
    return {
        "labels": list(ask.labels),
        "positive": ask.labels[ask.event] if ask.task == "binary" else None,
        "confusion": shown.astype(int),
        "per_class": per_class(counted.confusion, counted.rows, ask.labels),
        "weighted": weighted_metrics(counted.confusion),
        "curves": {ask.labels[k]: _curve(bins, counted.probabilities) for k, bins in _drawn(counted).items()},
        "unseen_labels": _unseen(counted),
        "slices": slice_metrics(counted.tally, ask.slices, lambda part: _slice(part, ask, counted.probabilities)),
    }


def _curve(bins: curves.Bins, probabilities: bool) -> dict[str, Any]:
    curve = {
        "roc_auc": curves.roc_auc(bins),
        "pr_auc": curves.pr_auc(bins),
        "auc_bound": curves.roc_bound(bins),
        "bins": len(bins.low),
        "roc": curves.roc_points(bins),
        "pr": curves.pr_points(bins),
    }
    return curve | ({"calibration": curves.calibration(bins)} if probabilities else {})


def _slice(part: Tally, ask: EvaluationRequest, probabilities: bool) -> Mapping[str, float]:
    metrics = _metrics(confusion_of(part, "weight", len(ask.labels)), ask)
    return metrics | (_mean_losses(part, float(part["weight"].sum())) if probabilities else {})


def _unseen(counted: Counted) -> dict[str, int]:
    part = counted.tally.part(UNSEEN)
    others = part.key("others")
    named = zip(part.texts(), others, part["rows"], strict=True)
    return {("(others)" if other else str(text)): int(rows) for text, other, rows in named if text is not None or other}


def _notes(counted: Counted, ask: EvaluationRequest) -> tuple[str, ...]:
    notes = []
    unseen = int(counted.rows[len(ask.labels)].sum())
    if unseen:
        notes.append(f"{unseen} test rows have a label unseen in training: each counts as an error.")
    absent = [ask.labels[k] for k, bins in counted.bins.items() if bins.positives.sum() == 0]
    if absent:
        listed = format_list(absent, 5, quote=True)
        notes.append(f"No test row has the label {listed}: macro averages exclude it.")
    return tuple(notes)

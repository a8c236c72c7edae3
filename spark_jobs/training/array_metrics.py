"""Metrics of predictions in memory, by the definitions of `evaluate`."""

from __future__ import annotations

import numpy as np

from spark_jobs.spec import Task
from spark_jobs.training.classification import CLIP
from spark_jobs.training.curves import Doubles, bins_of, pr_auc, roc_auc
from spark_jobs.training.metrics import binary_metrics, macro_metrics, regression_metrics


def array_metrics(task: Task, label: Doubles, predicted: Doubles, weight: Doubles | None = None) -> dict[str, float]:
    """Return the metrics of predicted values or probabilities.

    Args:
        task: the learning task.
        label: the values, or the class indices; for two classes, 1 is the positive class.
        predicted: the values `[N]`, or for classes the probabilities `[N, K]`.
        weight: the row weights; None for equal weights.

    >>> array_metrics("regression", np.array([1.0, 3.0]), np.array([2.0, 3.0]))["mse"]
    0.5
    """
    weight = np.ones(len(label)) if weight is None else weight
    if task == "regression":
        return regression_metrics(_sums(label, predicted, weight))
    truth = label.astype(np.int64)
    confusion = np.zeros((predicted.shape[1] + 1, predicted.shape[1]))
    np.add.at(confusion, (truth, predicted.argmax(axis=1)), weight)
    found = binary_metrics(confusion, 1) if task == "binary" else macro_metrics(confusion)
    return found | _areas(task, truth, predicted, weight) | _losses(task, truth, predicted, weight)


def _sums(label: Doubles, predicted: Doubles, weight: Doubles) -> dict[str, float]:
    error, shifted = predicted - label, label - np.average(label, weights=weight)
    nonzero = label != 0
    return {
        "weight": float(weight.sum()),
        "squared": float(weight @ error**2),
        "absolute": float(weight @ np.abs(error)),
        "relative": float(weight[nonzero] @ np.abs(error[nonzero] / label[nonzero])),
        "nonzero": float(weight[nonzero].sum()),
        "shifted": float(weight @ shifted),
        "shifted2": float(weight @ shifted**2),
    }


def _areas(task: Task, truth: np.ndarray, predicted: Doubles, weight: Doubles) -> dict[str, float]:
    """Return the mean areas over the classes with both positive and negative rows; empty if there are none."""
    classes = (1,) if task == "binary" else range(predicted.shape[1])
    of_class = [bins_of(predicted[:, k], truth == k, weight) for k in classes]
    defined = [bins for bins in of_class if bins.positives.sum() > 0 and bins.negatives.sum() > 0]
    if not defined:
        return {}
    areas = {"roc_auc": roc_auc, "pr_auc": pr_auc}
    return {name: float(np.mean([area(bins) for bins in defined])) for name, area in areas.items()}


def _losses(task: Task, truth: np.ndarray, predicted: Doubles, weight: Doubles) -> dict[str, float]:
    given = predicted[np.arange(len(truth)), truth]
    hits = np.zeros_like(predicted)
    hits[np.arange(len(truth)), truth] = 1.0
    squares = (predicted[:, 1] - hits[:, 1]) ** 2 if task == "binary" else ((predicted - hits) ** 2).sum(axis=1)
    losses = {"log_loss": -np.log(np.clip(given, CLIP, 1 - CLIP)), "brier": squares}
    return {name: float(np.average(loss, weights=weight)) for name, loss in losses.items()}

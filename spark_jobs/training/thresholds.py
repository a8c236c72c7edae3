"""Decision thresholds: the score from which a row is predicted positive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.training.curves import Bins, Doubles
from spark_jobs.training.metrics import share


def best_threshold(bins: Bins, metric: str) -> dict[str, Any]:
    """Return the lowest threshold that maximizes a metric, with all metrics at that threshold.

    Rows that score at or above the threshold are predicted positive. Candidates are the lowest scores of the bins,
    where the counts are exact. The threshold is chosen on the rows it is evaluated on, so expect slightly less on new
    rows.

    Args:
        metric: a name in `AT_THRESHOLD`.

    Returns:
        `metric`, `threshold`, and `metrics` by name.

    Raises:
        SpecError: `metric` does not depend on a threshold.
    """
    if metric not in AT_THRESHOLD:
        raise SpecError(
            f"`evaluate.threshold` must be one of {', '.join(AT_THRESHOLD)}. Got '{metric}' instead.",
            did_you_mean(metric, AT_THRESHOLD),
        )
    tp, fp = bins.above()
    counts = tp, fp, bins.positives.sum() - tp, bins.negatives.sum() - fp
    values = {name: measure(*counts) for name, measure in AT_THRESHOLD.items()}
    best = int(np.argmax(values[metric]))
    at_best = {name: float(value[best]) for name, value in values.items()}
    return {"metric": metric, "threshold": float(bins.low[best]), "metrics": at_best}


AT_THRESHOLD: dict[str, Callable[[Doubles, Doubles, Doubles, Doubles], Doubles]] = {
    "f1": lambda tp, fp, fn, tn: share(2 * tp, 2 * tp + fp + fn),
    "accuracy": lambda tp, fp, fn, tn: share(tp + tn, tp + fp + fn + tn),
    "balanced_accuracy": lambda tp, fp, fn, tn: (share(tp, tp + fn) + share(tn, tn + fp)) / 2,
    "precision": lambda tp, fp, fn, tn: share(tp, tp + fp),
    "recall": lambda tp, fp, fn, tn: share(tp, tp + fn),
}

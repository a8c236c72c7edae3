"""Bins of scores that a test holds in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spark_jobs.training.curves import Bins, Doubles


def bins_of(scores: Doubles, positive: NDArray[np.bool_], weights: Doubles | None = None) -> Bins:
    """Return bins that each hold one score, for scores in memory."""
    w = np.ones(len(scores)) if weights is None else weights
    distinct, place = np.unique(scores + 0.0, return_inverse=True)
    per_row = (w * positive, w * ~positive, w * scores, np.ones(len(w)))
    sums = [np.bincount(place, values, len(distinct)).astype(float) for values in per_row]
    return Bins(distinct, distinct, *sums)

"""ROC, precision-recall and calibration curves of a score, from test rows counted in fine bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
PLOTTED = 300


@dataclass(frozen=True, slots=True)
class Bins:
    """The test rows by score in ascending order, one entry per non-empty bin.

    Attributes:
        high: the highest score in the bin; equal to `low` if all rows of the bin are tied.
        scores: the sum of weight times score.
    """

    low: Doubles
    high: Doubles
    positives: Doubles
    negatives: Doubles
    scores: Doubles
    rows: Doubles

    @property
    def tied(self) -> NDArray[np.bool_]:
        """Return which bins hold a single score."""
        same: NDArray[np.bool_] = self.low == self.high
        return same

    def above(self) -> tuple[Doubles, Doubles]:
        """Return the positive and negative weight at or above each bin's lowest score."""
        return np.cumsum(self.positives[::-1])[::-1], np.cumsum(self.negatives[::-1])[::-1]


def bins_of(scores: Doubles, positive: NDArray[np.bool_], weights: Doubles | None = None) -> Bins:
    """Return bins that each hold one score, for scores in memory."""
    w = np.ones(len(scores)) if weights is None else weights
    distinct, place = np.unique(scores + 0.0, return_inverse=True)
    per_row = (w * positive, w * ~positive, w * scores, np.ones(len(w)))
    sums = [np.bincount(place, values, len(distinct)).astype(float) for values in per_row]
    return Bins(distinct, distinct, *sums)


def roc_auc(bins: Bins) -> float:
    """Return the area under the ROC curve; rows in one bin count as ties, an error of at most `roc_bound`."""
    below = np.cumsum(bins.negatives) - bins.negatives
    won = float(np.sum(bins.positives * (below + bins.negatives / 2)))
    return won / float(bins.positives.sum() * bins.negatives.sum())


def roc_bound(bins: Bins) -> float:
    """Return the largest possible difference between `roc_auc` and the area from unbinned scores."""
    inside = np.where(bins.tied, 0.0, bins.positives * bins.negatives) / 2
    return float(inside.sum() / (bins.positives.sum() * bins.negatives.sum()))


def pr_auc(bins: Bins) -> float:
    """Return the average precision: the precision at each positive row, averaged over the positive rows.

    A tie has the precision at its end, as in scikit-learn's `average_precision_score`. In a bin of several scores the
    positives are assumed to be spread evenly, so precision is integrated over the bin.
    """
    p, q = bins.positives[::-1], bins.negatives[::-1]
    hit, seen = np.cumsum(p) - p, np.cumsum(p + q) - (p + q)
    held = np.where(p > 0, p, 1.0)
    slope = (p + q) / held
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.where(seen > 0, np.log1p(slope * p / seen) * (hit - seen / slope) / slope, 0.0)
        spread = p / slope + grown
        level = p * (hit + p) / (seen + p + q)
    parts = np.where(p > 0, np.where(bins.tied[::-1], level, spread), 0.0)
    return float(parts.sum() / p.sum())


def roc_points(bins: Bins) -> dict[str, Any]:
    """Return the ROC curve for plotting: at most `PLOTTED` points, evenly spaced along the curve."""
    tp, fp = (np.r_[np.cumsum(part[::-1]), 0.0] for part in (bins.positives, bins.negatives))
    x, y = np.roll(fp, 1) / fp[-2], np.roll(tp, 1) / tp[-2]
    return {"false_positive_rate": x[spaced(x + y)], "true_positive_rate": y[spaced(x + y)]}


def pr_points(bins: Bins) -> dict[str, Any]:
    """Return the precision-recall curve for plotting, from the highest score down."""
    tp, fp = np.cumsum(bins.positives[::-1]), np.cumsum(bins.negatives[::-1])
    recall, precision = tp / tp[-1], tp / np.maximum(tp + fp, np.finfo(float).tiny)
    kept = spaced(recall + np.cumsum(np.abs(np.diff(precision, prepend=precision[0]))) * 0.05)
    return {"recall": recall[kept], "precision": precision[kept]}


def spaced(way: Doubles) -> NDArray[np.int64]:
    """Return indices of at most `PLOTTED` points, evenly spaced along an ascending path, including both ends."""
    if len(way) <= PLOTTED:
        return np.arange(len(way))
    stops = np.linspace(way[0], way[-1], PLOTTED)
    found = np.searchsorted(way, stops).clip(0, len(way) - 1)
    return np.unique(np.r_[0, found, len(way) - 1]).astype(np.int64)


def calibration(bins: Bins, groups: int = 10) -> dict[str, Any]:
    """Return the predicted and observed share of positives, in groups of about equal weight along the score.

    Returns:
        `predicted`, `observed` and `rows` by group, and `error`, the expected calibration error: the mean absolute
        difference, weighted by the groups.
    """
    weight = bins.positives + bins.negatives
    middle = np.cumsum(weight) - weight / 2
    group = np.minimum((middle / weight.sum() * groups).astype(np.int64), groups - 1)
    total, predicted, seen, rows = (
        np.bincount(group, part, groups) for part in (weight, bins.scores, bins.positives, bins.rows)
    )
    held = total > 0
    mean, share = predicted[held] / total[held], seen[held] / total[held]
    error = float(np.sum(np.abs(mean - share) * total[held]) / total.sum())
    return {"predicted": mean, "observed": share, "rows": rows[held].astype(np.int64), "error": error}

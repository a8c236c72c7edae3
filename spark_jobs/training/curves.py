"""Curves of a score, from test rows counted in fine bins of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
PLOTTED = 300


@dataclass(frozen=True, slots=True)
class Bins:
    """The test rows by score, from low to high: one entry per bin that holds a row.

    `low` and `high` are the least and greatest score in a bin; where they are equal the bin is one tie. `positives`
    and `negatives` are sums of weights, `scores` the sum of weight times score, `rows` plain counts.
    """

    low: Doubles
    high: Doubles
    positives: Doubles
    negatives: Doubles
    scores: Doubles
    rows: Doubles

    @property
    def tied(self) -> NDArray[np.bool_]:
        """Which bins hold one score only."""
        same: NDArray[np.bool_] = self.low == self.high
        return same

    def above(self) -> tuple[Doubles, Doubles]:
        """Positive and negative weight at or above each bin's lowest score."""
        return np.cumsum(self.positives[::-1])[::-1], np.cumsum(self.negatives[::-1])[::-1]


def bins_of(scores: Doubles, positive: NDArray[np.bool_], weights: Doubles | None = None) -> Bins:
    """Bins that each hold one score: for scores that are already in memory."""
    w = np.ones(len(scores)) if weights is None else weights
    distinct, place = np.unique(scores + 0.0, return_inverse=True)
    per_row = (w * positive, w * ~positive, w * scores, np.ones(len(w)))
    sums = [np.bincount(place, values, len(distinct)).astype(float) for values in per_row]
    return Bins(distinct, distinct, *sums)


def roc_auc(bins: Bins) -> float:
    """Area under the ROC curve; rows in one bin count as ties, which errs by `roc_bound` at most."""
    below = np.cumsum(bins.negatives) - bins.negatives
    won = float(np.sum(bins.positives * (below + bins.negatives / 2)))
    return won / float(bins.positives.sum() * bins.negatives.sum())


def roc_bound(bins: Bins) -> float:
    """How far `roc_auc` can be from the value of unbinned scores, whatever the order inside the bins."""
    inside = np.where(bins.tied, 0.0, bins.positives * bins.negatives) / 2
    return float(inside.sum() / (bins.positives.sum() * bins.negatives.sum()))


def pr_auc(bins: Bins) -> float:
    """Average precision: precision at each positive, averaged over the positives.

    A tie takes the precision at its end, as scikit-learn's `average_precision_score` does. In a bin of several scores
    the positives are taken as spread evenly, so that precision is integrated over the bin.
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
    """The ROC curve for a picture: at most some hundred points, spread evenly along it."""
    tp, fp = (np.r_[np.cumsum(part[::-1]), 0.0] for part in (bins.positives, bins.negatives))
    x, y = np.roll(fp, 1) / fp[-2], np.roll(tp, 1) / tp[-2]
    return {"false_positive_rate": x[spaced(x + y)], "true_positive_rate": y[spaced(x + y)]}


def pr_points(bins: Bins) -> dict[str, Any]:
    """Precision over recall for a picture, from the highest score down."""
    tp, fp = np.cumsum(bins.positives[::-1]), np.cumsum(bins.negatives[::-1])
    recall, precision = tp / tp[-1], tp / np.maximum(tp + fp, np.finfo(float).tiny)
    kept = spaced(recall + np.cumsum(np.abs(np.diff(precision, prepend=precision[0]))) * 0.05)
    return {"recall": recall[kept], "precision": precision[kept]}


def spaced(way: Doubles) -> NDArray[np.int64]:
    """Indices of at most `PLOTTED` points, evenly along a rising way, the ends among them."""
    if len(way) <= PLOTTED:
        return np.arange(len(way))
    stops = np.linspace(way[0], way[-1], PLOTTED)
    found = np.searchsorted(way, stops).clip(0, len(way) - 1)
    return np.unique(np.r_[0, found, len(way) - 1]).astype(np.int64)


def calibration(bins: Bins, groups: int = 10) -> dict[str, Any]:
    """Predicted against seen share of positives, in groups of about equal weight along the score.

    `error` is the mean distance of the two, weighted by the groups (expected calibration error).
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

"""Association of a numeric column with the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.profile.numbers import moments

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TargetAssociation:
    """Joint moments of a column's numbers x and the target y, over rows that have both. Those of two parts add up.

    y is one number for a regression and one 0/1 indicator per class otherwise.

    Attributes:
        mean_y: the mean of y, shape (k,).
        xx: the sum of squared deviations of x.
        yy: the sums of squared deviations of y, shape (k,).
        xy: the sums of products of deviations, shape (k,).
    """

    count: int
    mean_x: float
    mean_y: Vector
    xx: float
    yy: Vector
    xy: Vector

    @classmethod
    def of(cls, x: Vector, y: Vector) -> TargetAssociation:
        """Return the joint moments of x, shape (n,), and y, shape (n, k)."""
        if not len(x):
            zero = np.zeros(y.shape[1])
            return cls(0, 0.0, zero, 0.0, zero, zero)
        mean_x, xx = moments(x)
        off = x - mean_x
        each = [moments(column) for column in y.T]
        mean_y, yy = np.array([mean for mean, _ in each]), np.array([squares for _, squares in each])
        xy = [float((off * (column - mean)).sum()) for column, mean in zip(y.T, mean_y, strict=True)]
        return cls(len(x), mean_x, mean_y, xx, yy, np.array(xy))

    @classmethod
    def of_classes(cls, x: Vector, index: Vector, classes: int) -> TargetAssociation:
        """Return the joint moments of x, shape (n,), and the indicators of class indices, shape (n,)."""
        if not len(x):
            return cls.of(x, np.zeros((0, classes)))
        mean, xx = moments(x)
        positions = index.astype(np.int64)
        shares = np.bincount(positions, minlength=classes) / len(x)
        together = np.bincount(positions, weights=x - mean, minlength=classes).astype(np.float64)
        return cls(len(x), mean, shares, xx, len(x) * shares * (1 - shares), together)

    def __add__(self, other: TargetAssociation) -> TargetAssociation:
        count = self.count + other.count
        share = other.count / count if count else 0.0
        x, y = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        return TargetAssociation(
            count,
            self.mean_x + x * share,
            self.mean_y + y * share,
            self.xx + other.xx + x * x * self.count * share,
            self.yy + other.yy + y * y * (self.count * share),
            self.xy + other.xy + x * y * (self.count * share),
        )

    @property
    def correlation(self) -> float:
        """Return the largest absolute Pearson correlation of x with the target or with one of its classes."""
        spread = np.sqrt(self.xx * self.yy)
        return float(np.max(np.abs(np.divide(self.xy, spread, out=np.zeros_like(spread), where=spread > 0))))

    def to_dict(self) -> dict[str, Any]:
        """Return the moments as JSON-compatible values."""
        return {
            "count": self.count,
            "mean_x": self.mean_x,
            "mean_y": self.mean_y.tolist(),
            "xx": self.xx,
            "yy": self.yy.tolist(),
            "xy": self.xy.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> TargetAssociation:
        """Return the moments that `to_dict` stored."""
        vectors = {key: np.array(stored[key], dtype=np.float64) for key in ("mean_y", "yy", "xy")}
        return cls(count=stored["count"], mean_x=stored["mean_x"], xx=stored["xx"], **vectors)

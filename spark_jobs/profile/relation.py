"""How the numbers of a column go with the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Relation:
    """Joint moments of a column's numbers x and the target y, over rows that have both; two add up.

    y is one number for a regression and one 0/1 indicator per class otherwise.
    """

    count: int
    mean_x: float
    mean_y: Vector
    xx: float
    yy: Vector
    xy: Vector

    @classmethod
    def of(cls, x: Vector, y: Vector) -> Relation:
        """The joint moments of x, shape (n,), and y, shape (n, k)."""
        if not len(x):
            zero = np.zeros(y.shape[1])
            return cls(0, 0.0, zero, 0.0, zero, zero)
        off_x, off_y = x - x.mean(), y - y.mean(axis=0)
        return cls(
            len(x), float(x.mean()), y.mean(axis=0), float(off_x @ off_x), (off_y * off_y).sum(axis=0), off_x @ off_y
        )

    def __add__(self, other: Relation) -> Relation:
        count = self.count + other.count
        share = other.count / count if count else 0.0
        x, y = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        return Relation(
            count,
            self.mean_x + x * share,
            self.mean_y + y * share,
            self.xx + other.xx + x * x * self.count * share,
            self.yy + other.yy + y * y * (self.count * share),
            self.xy + other.xy + x * y * (self.count * share),
        )

    @property
    def correlation(self) -> float:
        """The strongest absolute Pearson correlation of x with the target or one of its classes."""
        spread = np.sqrt(self.xx * self.yy)
        return float(np.max(np.abs(np.divide(self.xy, spread, out=np.zeros_like(spread), where=spread > 0))))

    def to_dict(self) -> dict[str, Any]:
        """The moments as JSON can hold them."""
        return {
            "count": self.count,
            "mean_x": self.mean_x,
            "mean_y": self.mean_y.tolist(),
            "xx": self.xx,
            "yy": self.yy.tolist(),
            "xy": self.xy.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Relation:
        """The moments that `to_dict` wrote."""
        vectors = {key: np.array(stored[key], dtype=np.float64) for key in ("mean_y", "yy", "xy")}
        return cls(count=stored["count"], mean_x=stored["mean_x"], xx=stored["xx"], **vectors)

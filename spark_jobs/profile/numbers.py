"""What a scan learns of the numbers of a column."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from datasketches import kll_doubles_sketch

K = 4000


@dataclass(frozen=True)
class NumberSummary:
    """Count, moments, extremes and quantiles of finite numbers; two summaries add up to that of both parts.

    Moments are kept about the mean, so that they stay exact where |mean| is large against the spread. Quantiles come
    from a KLL sketch: exact up to 4,000 values, a rank error of about 3e-4 above.

    Method: Chan, Golub, LeVeque (1983) for the moments; Karnin, Lang, Liberty (2016) for the sketch.
    """

    count: int
    mean: float
    squares: float
    low: float
    high: float
    sketch: Any = None

    @classmethod
    def of(cls, values: npt.NDArray[np.float64], sketched: bool = True, ordered: bool = False) -> NumberSummary:
        """The summary of an array of finite numbers; `ordered` says that they are so from the least to the greatest."""
        if not len(values):
            return cls(0, 0.0, 0.0, math.inf, -math.inf, kll_doubles_sketch(K) if sketched else None)
        if sketched and not ordered:
            return cls.of(np.sort(values), sketched, ordered=True)
        mean, squares = moments(values)
        low, high = (values[0], values[-1]) if ordered else (values.min(), values.max())
        return cls(len(values), mean, squares, float(low), float(high), _sketch(values) if sketched else None)

    def __add__(self, other: NumberSummary) -> NumberSummary:
        count = self.count + other.count
        apart = other.mean - self.mean
        share = other.count / count if count else 0.0
        squares = self.squares + other.squares + apart * apart * self.count * share
        low, high = min(self.low, other.low), max(self.high, other.high)
        return NumberSummary(count, self.mean + apart * share, squares, low, high, _merged(self.sketch, other.sketch))

    @property
    def std(self) -> float:
        """The sample standard deviation (n - 1), 0 for fewer than two numbers."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0

    def quantile(self, rank: float) -> float:
        """The number at that rank between 0 and 1.

        Raises:
            ValueError: there are no numbers, or no sketch was kept.
        """
        return self.quantiles([rank])[0]

    def quantiles(self, ranks: Sequence[float]) -> list[float]:
        """The numbers at several ranks at once."""
        if self.sketch is None or not self.count:
            raise ValueError("No quantiles: the column has no numbers, or its sketch was not kept.")
        return [float(value) for value in self.sketch.get_quantiles(list(ranks), True)]

    @property
    def median(self) -> float:
        """The middle number; of an even count the mean of the two in the middle."""
        upper = float(self.sketch.get_quantile(0.5, False)) if self.count else 0.0
        return (self.quantile(0.5) + upper) / 2

    def filled(self, missing: int, fill: float) -> NumberSummary:
        """The summary after that many missing values were given the value `fill`."""
        if not missing:
            return self
        same = NumberSummary(missing, fill, 0.0, fill, fill, _repeated(fill, missing) if self.sketch else None)
        return self + same

    def shares_below(self, bounds: Sequence[float]) -> list[float]:
        """For each bound the share of numbers at or below it."""
        return [float(self.sketch.get_rank(bound, True)) for bound in bounds] if self.count else [0.0] * len(bounds)

    def moved(self, by: float) -> NumberSummary:
        """The summary of the numbers less `by`."""
        sketch = _Moved(self.sketch, by) if self.sketch is not None else None
        return NumberSummary(self.count, self.mean - by, self.squares, self.low - by, self.high - by, sketch)

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON can hold it, the sketch in base 64 of its DataSketches bytes."""
        sketch = b64encode(self.sketch.serialize()).decode() if self.sketch is not None else None
        extremes = {"min": self.low, "max": self.high} if self.count else {}
        return {"count": self.count, "mean": self.mean, "squares": self.squares, **extremes, "kll": sketch}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> NumberSummary:
        """The summary that `to_dict` wrote."""
        sketch = kll_doubles_sketch.deserialize(b64decode(stored["kll"])) if stored.get("kll") else None
        low, high = stored.get("min", math.inf), stored.get("max", -math.inf)
        return cls(stored["count"], stored["mean"], stored["squares"], low, high, sketch)


def moments(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The mean and the sum of squares about it, what the mean was rounded by taken off again.

    No matrix product: its library's threads wait for each other where every core has a worker of its own.
    """
    about = float(values.mean())
    off = values - about
    rounding = float(off.mean())
    return about + rounding, max(float(np.square(off).sum()) - len(values) * rounding * rounding, 0.0)


def _sketch(ordered: npt.NDArray[np.float64]) -> Any:
    """A sketch takes numbers in any order; in theirs it takes them three times as quickly, as it sorts them itself."""
    sketch = kll_doubles_sketch(K)
    sketch.update(np.require(ordered, requirements="W"))
    return sketch


@dataclass(frozen=True)
class _Moved:
    sketch: Any
    by: float

    def get_quantiles(self, ranks: list[float], inclusive: bool) -> list[float]:
        return [value - self.by for value in self.sketch.get_quantiles(ranks, inclusive)]


def _repeated(value: float, times: int) -> Any:
    """A sketch of one value many times, by doubling."""
    whole, power = kll_doubles_sketch(K), kll_doubles_sketch(K)
    power.update(value)
    while times:
        if times & 1:
            whole.merge(power)
        power, times = _merged(power, power), times >> 1
    return whole


def _merged(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    both = kll_doubles_sketch(K)
    both.merge(one)
    both.merge(other)
    return both

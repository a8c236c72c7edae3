"""Moments of clipped numbers, computed before the exact clipping bounds are known."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.profile.numbers import NumberSummary

Bounds = tuple[float, float]
Numbers = npt.NDArray[np.float64]
LIMIT = 4096
KEPT = LIMIT // 4


@dataclass(frozen=True)
class ClippedMoments:
    """Counts and moments around two bands in which the clipping bounds are expected.

    The bands start as wide as possible and narrow as numbers arrive, so that together they hold at most 4,096 distinct
    numbers. Wherever in the bands the final bounds lie, the moments of the clipped numbers are exact. Two of these add
    up, in the intersection of their bands.

    Attributes:
        low: the band of the lower bound.
        high: the band of the upper bound.
        below: the count of numbers below the lower band.
        inside: the moments of the numbers between the bands.
        above: the count of numbers above the upper band.
        close: the distinct numbers in the bands, ascending.
        times: how often each of them occurs.
    """

    guess: Bounds
    low: Bounds
    high: Bounds
    below: int
    inside: NumberSummary
    above: int
    close: Numbers
    times: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: Numbers, guess: Bounds) -> ClippedMoments:
        """Return the moments of ascending numbers, for bounds expected at `guess`."""
        middle = (guess[0] + guess[1]) / 2
        close, times = _counted(values, np.ones(len(values), dtype=np.int64))
        return cls(guess, (-inf, middle), (middle, inf), 0, _moments(values[:0]), 0, close, times)._narrowed()

    def among(self, values: Numbers) -> ClippedMoments:
        """Return the moments of other ascending numbers, with the same bands."""
        first, stop = (int(np.searchsorted(values, band[0])) for band in (self.low, self.high))
        start, last = (int(np.searchsorted(values, band[1], "right")) for band in (self.low, self.high))
        stop = max(start, stop)
        close, times = _counted(values[np.r_[first:start, stop:last]], np.ones(start - first + last - stop, np.int64))
        inside, above = _moments(values[start:stop]), len(values) - last
        return ClippedMoments(self.guess, self.low, self.high, first, inside, above, close, times)._narrowed()

    def __add__(self, other: ClippedMoments) -> ClippedMoments:
        low = max(self.low[0], other.low[0]), min(self.low[1], other.low[1])
        high = max(self.high[0], other.high[0]), min(self.high[1], other.high[1])
        counts = self.below + other.below, self.inside + other.inside, self.above + other.above
        found, times = np.concatenate([self.close, other.close]), np.concatenate([self.times, other.times])
        order = np.argsort(found, kind="stable")
        return ClippedMoments(self.guess, low, high, *counts, *_counted(found[order], times[order]))._narrowed()

    def clipped(self, bounds: Bounds, count: int) -> NumberSummary | None:
        """Return the summary of all `count` numbers after clipping; None if the bounds lie outside the bands."""
        known = self.low[0] <= bounds[0] <= self.low[1] and self.high[0] <= bounds[1] <= self.high[1]
        if not known or self.below + self.inside.count + self.above + int(self.times.sum()) != count:
            return None
        whole = self.inside + _moments(np.clip(np.repeat(self.close, self.times), *bounds))
        for times, value in ((self.below, bounds[0]), (self.above, bounds[1])):
            if times:
                whole += NumberSummary(times, value, 0.0, value, value)
        return whole

    def _narrowed(self) -> ClippedMoments:
        """Return these moments with bands narrowed to the limit; numbers that leave a band are counted outside it."""
        if len(self.close) <= LIMIT:
            return self
        middle = np.searchsorted(self.close, (self.guess[0] + self.guess[1]) / 2, "right")
        low = _nearest(self.close[:middle], self.guess[0], self.low)
        high = _nearest(self.close[middle:], self.guess[1], self.high)
        first, start = np.searchsorted(self.close, low[0]), np.searchsorted(self.close, low[1], "right")
        stop, last = max(start, np.searchsorted(self.close, high[0])), np.searchsorted(self.close, high[1], "right")
        left = _moments(np.repeat(self.close[start:stop], self.times[start:stop]))
        below, above = self.below + int(self.times[:first].sum()), self.above + int(self.times[last:].sum())
        kept = np.r_[first:start, stop:last]
        return ClippedMoments(
            self.guess, low, high, below, self.inside + left, above, self.close[kept], self.times[kept]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the moments as JSON-compatible values."""
        lists = {name: getattr(self, name).tolist() for name in ("close", "times")}
        plain = {name: getattr(self, name) for name in ("guess", "low", "high", "below", "above")}
        return {**plain, **lists, "inside": self.inside.to_dict()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> ClippedMoments:
        """Return the moments that `to_dict` stored."""
        bounds = {name: (stored[name][0], stored[name][1]) for name in ("guess", "low", "high")}
        close, times = np.array(stored["close"], dtype=np.float64), np.array(stored["times"], dtype=np.int64)
        inside = NumberSummary.from_dict(stored["inside"])
        return cls(**bounds, below=stored["below"], inside=inside, above=stored["above"], close=close, times=times)


def _moments(values: Numbers) -> NumberSummary:
    return NumberSummary.of(values, sketched=False)


def _counted(ordered: Numbers, times: npt.NDArray[np.int64]) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """Return the distinct numbers and how often each occurs."""
    if not len(ordered):
        return ordered, times
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return ordered[first], np.add.reduceat(times, first)


def _nearest(distinct: Numbers, guess: float, band: Bounds) -> Bounds:
    """Return the band of the numbers nearest to a guess."""
    if len(distinct) <= KEPT:
        return band
    wide = float(np.nextafter(np.partition(np.abs(distinct - guess), KEPT)[KEPT], 0.0))
    return max(band[0], guess - wide), min(band[1], guess + wide)

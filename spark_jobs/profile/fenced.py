"""Numbers counted on both sides of where they will be clipped, before it is known exactly where that is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.profile.numbers import NumberSummary

Bounds = tuple[float, float]
WIDTH = 0.05  # of the distance between the bounds, on both sides of each
LIMIT = 4096


@dataclass(frozen=True)
class Fenced:
    """Moments of the numbers between two narrow bands, counts beyond them, and one by one the numbers in the bands.

    Wherever in the bands the bounds come to lie, the moments of the clipped numbers follow exactly. Two add up, to the
    bands that both know. `close` is None where the bands held more than 4,096 numbers.
    """

    low: Bounds
    high: Bounds
    below: int
    inside: NumberSummary
    above: int
    close: npt.NDArray[np.float64] | None

    @classmethod
    def of(cls, values: npt.NDArray[np.float64], guess: Bounds) -> Fenced:
        """The numbers, from the least to the greatest, about bounds that are expected there."""
        wide = WIDTH * (guess[1] - guess[0])
        low, high = (guess[0] - wide, guess[0] + wide), (guess[1] - wide, guess[1] + wide)
        first, above = np.searchsorted(values, low[0]), np.searchsorted(values, high[1], "right")
        start = np.searchsorted(values, low[1], "right")
        stop = max(np.searchsorted(values, high[0]), start)
        moments = NumberSummary.of(values[start:stop], sketched=False, ordered=True)
        close = np.concatenate([values[first:start], values[stop:above]])
        return cls(low, high, int(first), moments, len(values) - int(above), _limited(close))

    def __add__(self, other: Fenced) -> Fenced:
        low = max(self.low[0], other.low[0]), min(self.low[1], other.low[1])
        high = max(self.high[0], other.high[0]), min(self.high[1], other.high[1])
        both = self.close is not None and other.close is not None
        close = _limited(np.concatenate([self.close, other.close])) if both else None
        return Fenced(low, high, self.below + other.below, self.inside + other.inside, self.above + other.above, close)

    def clipped(self, bounds: Bounds, count: int) -> NumberSummary | None:
        """The moments of all `count` numbers once clipped; None where that cannot be told from here."""
        known = self.low[0] <= bounds[0] <= self.low[1] and self.high[0] <= bounds[1] <= self.high[1]
        if not known or self.close is None or self._count != count:
            return None
        whole = self.inside + NumberSummary.of(np.clip(self.close, *bounds), sketched=False)
        for times, value in ((self.below, bounds[0]), (self.above, bounds[1])):
            if times:
                whole += NumberSummary(times, value, 0.0, value, value)
        return whole

    @property
    def guess(self) -> Bounds:
        """The middle of both bands."""
        return (self.low[0] + self.low[1]) / 2, (self.high[0] + self.high[1]) / 2

    @property
    def _count(self) -> int:
        return self.below + self.inside.count + self.above + (0 if self.close is None else len(self.close))

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON can hold them."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        close = None if self.close is None else self.close.tolist()
        return plain | {"inside": self.inside.to_dict(), "close": close}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Fenced:
        """The counts that `to_dict` wrote."""
        close = None if stored["close"] is None else np.array(stored["close"], dtype=np.float64)
        low, high = ((stored[name][0], stored[name][1]) for name in ("low", "high"))
        inside = NumberSummary.from_dict(stored["inside"])
        return cls(low, high, stored["below"], inside, stored["above"], close)


def _limited(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    return values if len(values) <= LIMIT else None

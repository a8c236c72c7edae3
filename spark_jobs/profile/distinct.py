"""Distinct-value estimate in constant memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

KEPT = 1024
_RANGE = float(2**64)


def _hashes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    if values.dtype.kind == "f":
        values = values + 0.0  # -0.0 and 0.0 are one value
    hashed: npt.NDArray[np.uint64] = pd.util.hash_array(values, categorize=False)
    return hashed


def _sorted(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return each hash once, ascending; for mostly distinct hashes this is several times faster than `np.unique`."""
    ranked = np.sort(hashes)
    first = np.ones(len(ranked), dtype=bool)
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:])
    return ranked[first]


@dataclass(frozen=True)
class Distinct:
    """A sketch of distinct values: exact below 1,024 values, with a standard error of 3 % above.

    Method: k minimum values, Bar-Yossef et al., "Counting distinct elements in a data stream" (2002).
    """

    smallest: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, values: npt.NDArray[Any], before: Distinct | None = None) -> Distinct:
        """Return the sketch of an array of numbers or texts, reduced to what can change the sketch `before`."""
        hashes = _hashes(values)
        if before is not None and len(before.smallest) == KEPT:
            return cls(_sorted(hashes[hashes < before.smallest[-1]])[:KEPT])
        head = _sorted(hashes[: 2 * KEPT])
        if len(head) >= KEPT:  # larger hashes cannot be among the smallest
            hashes = hashes[hashes <= head[KEPT - 1]]
        return cls(_sorted(hashes)[:KEPT])

    def __add__(self, other: Distinct) -> Distinct:
        return Distinct(_sorted(np.concatenate([self.smallest, other.smallest]))[:KEPT])

    @cached_property
    def count(self) -> int:
        """Return the estimated number of distinct values."""
        if len(self.smallest) < KEPT:
            return len(self.smallest)
        return round((KEPT - 1) / (float(self.smallest[-1]) / _RANGE))

    def to_list(self) -> list[int]:
        """Return the hashes as JSON-compatible values."""
        return [int(value) for value in self.smallest]

    @classmethod
    def from_list(cls, stored: list[int]) -> Distinct:
        """Return the sketch that `to_list` stored."""
        return cls(np.array(stored, dtype=np.uint64))

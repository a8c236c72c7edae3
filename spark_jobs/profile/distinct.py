"""How many different values a column has, without remembering them."""

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
    """Each hash once; on hashes that mostly differ several times quicker than `np.unique`."""
    ranked = np.sort(hashes)
    first = np.ones(len(ranked), dtype=bool)
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:])
    return ranked[first]


@dataclass(frozen=True)
class Distinct:
    """The smallest hashes of a column: exact below 1,024 values, 3 % off (one standard error) above.

    Method: k minimum values, Bar-Yossef et al., "Counting distinct elements in a data stream" (2002).
    """

    smallest: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, values: npt.NDArray[Any], before: Distinct | None = None) -> Distinct:
        """The sketch of an array of numbers or of text, as far as it adds anything to one `before`."""
        hashes = _hashes(values)
        if before is not None and len(before.smallest) == KEPT:
            return cls(_sorted(hashes[hashes < before.smallest[-1]])[:KEPT])
        head = _sorted(hashes[: 2 * KEPT])
        if len(head) >= KEPT:  # what lies above these cannot be among the smallest of all
            hashes = hashes[hashes <= head[KEPT - 1]]
        return cls(_sorted(hashes)[:KEPT])

    def __add__(self, other: Distinct) -> Distinct:
        return Distinct(_sorted(np.concatenate([self.smallest, other.smallest]))[:KEPT])

    @cached_property
    def count(self) -> int:
        """The number of different values, estimated."""
        if len(self.smallest) < KEPT:
            return len(self.smallest)
        return round((KEPT - 1) / (float(self.smallest[-1]) / _RANGE))

    def to_list(self) -> list[int]:
        """The hashes as JSON can hold them."""
        return [int(value) for value in self.smallest]

    @classmethod
    def from_list(cls, stored: list[int]) -> Distinct:
        """The sketch that `to_list` wrote."""
        return cls(np.array(stored, dtype=np.uint64))

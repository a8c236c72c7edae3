"""Counts of the distinct texts (levels) of a column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LevelCounts:
    """Rows per level, with sums of the target per level. Counts of two parts of a table add up.

    Attributes:
        table: `[rows, sum, …]` by level: no sums without a target, the sum of the target for a regression, the rows of
            each class for a classification.
        limit: how many levels are kept, the most frequent ones.
        dropped: the rows of levels that were dropped.
    """

    table: dict[str, Sums]
    limit: int
    dropped: int = 0

    @classmethod
    def of(cls, levels: list[str], table: npt.NDArray[np.float64], limit: int) -> LevelCounts:
        """Return the counts of distinct levels, one row of `table` per level."""
        return cls(dict(zip(levels, table, strict=True)), limit)._pruned()

    def __add__(self, other: LevelCounts) -> LevelCounts:
        both = dict(self.table)
        for level, sums in other.table.items():
            known = both.get(level)
            both[level] = sums if known is None else known + sums
        return LevelCounts(both, self.limit, self.dropped + other.dropped)._pruned()

    def _pruned(self) -> LevelCounts:
        if len(self.table) <= self.limit:
            return self
        kept = dict(sorted(self.table.items(), key=lambda item: (-item[1][0], item[0]))[: self.limit])
        gone = sum(sums[0] for sums in self.table.values()) - sum(sums[0] for sums in kept.values())
        return LevelCounts(kept, self.limit, self.dropped + int(gone))

    @property
    def complete(self) -> bool:
        """Return whether no level was dropped."""
        return self.dropped == 0

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return the rows per level, most frequent first, ties in text order."""
        ranked = sorted(self.table.items(), key=lambda item: (-item[1][0], item[0]))
        return {level: int(sums[0]) for level, sums in ranked}

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-compatible values."""
        return {
            "limit": self.limit,
            "dropped": self.dropped,
            "levels": {level: self.table[level].tolist() for level in self.counts},
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> LevelCounts:
        """Return the counts that `to_dict` stored."""
        table = {level: np.array(sums, dtype=np.float64) for level, sums in stored["levels"].items()}
        return cls(table, stored["limit"], stored["dropped"])

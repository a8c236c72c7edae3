"""What a scan learns of the levels of a text column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LevelCounts:
    """Rows per level and, beside them, sums of the target per level; two add up to those of both parts.

    `table` maps a level to `[rows, sum, …]`: no sums without a target, the sum of the target for a regression, the
    rows of each class otherwise. At most `limit` levels are kept, the most frequent ones; `dropped` counts the rows of
    those that were let go.
    """

    table: dict[str, Sums]
    limit: int
    dropped: int = 0

    @classmethod
    def of(cls, levels: list[str], table: npt.NDArray[np.float64], limit: int) -> LevelCounts:
        """The counts of distinct levels, one row of `table` each."""
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
        """Whether every level is here."""
        return self.dropped == 0

    @cached_property
    def counts(self) -> dict[str, int]:
        """Rows per level, the most frequent first, equal ones in the order of their text."""
        ranked = sorted(self.table.items(), key=lambda item: (-item[1][0], item[0]))
        return {level: int(sums[0]) for level, sums in ranked}

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON can hold them."""
        return {
            "limit": self.limit,
            "dropped": self.dropped,
            "levels": {level: self.table[level].tolist() for level in self.counts},
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> LevelCounts:
        """The counts that `to_dict` wrote."""
        table = {level: np.array(sums, dtype=np.float64) for level, sums in stored["levels"].items()}
        return cls(table, stored["limit"], stored["dropped"])

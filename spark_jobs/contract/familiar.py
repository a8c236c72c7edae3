"""What the training rows held: levels and ranges, beside which other rows are counted, not refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zlib import crc32

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.data.names import col
from spark_jobs.data.types import ColumnType
from spark_jobs.profile.profile import ColumnProfile, Profile


@dataclass(frozen=True)
class Familiar:
    """By column, the levels that training knew, and the least and the greatest of its numbers."""

    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, profile: Profile, types: Sequence[ColumnType]) -> Familiar:
        """What a training's profile knows of columns; a text column of which not all levels were kept is left out."""
        known = [(kind, profile.columns[kind.name]) for kind in types if kind.name in profile.columns]
        return cls(
            {kind.name: levels for kind, column in known if kind.cells == "text" and (levels := _levels(column))},
            {kind.name: ends for kind, column in known if kind.cells == "number" and (ends := _range(column))},
        )

    def unseen(self, names: Sequence[str]) -> dict[str, Column]:
        """For each text column, whether a cell holds a level that training did not know."""
        return {name: self._unseen[name] for name in names if name in self._unseen}

    def outside(self, names: Sequence[str]) -> dict[str, Column]:
        """For each column of numbers, whether a cell is less or more than any that training knew."""
        return {name: self._outside[name] for name in names if name in self._outside}

    # Made once: a stream asks at each micro-batch.
    @cached_property
    def _unseen(self) -> Mapping[str, Column]:
        return {name: ~_one_of(col(name), levels) for name, levels in self.levels.items()}

    @cached_property
    def _outside(self) -> Mapping[str, Column]:
        ends = self.ranges.items()
        return {name: (col(name) < F.lit(low)) | (col(name) > F.lit(high)) for name, (low, high) in ends}


def _one_of(text: Column, levels: Sequence[str]) -> Column:
    """Whether a text is one of many, by way of a table of them in buckets.

    The table goes to Spark as one text of JSON: `isin` takes a literal a level, and four thousand take seconds.
    """
    buckets: list[list[str]] = [[] for _ in levels]
    for level in levels:
        buckets[crc32(level.encode()) % len(levels)].append(level)
    table = F.from_json(F.lit(json.dumps(buckets)), "array<array<string>>")
    return F.array_contains(F.get(table, (F.crc32(text) % len(levels)).cast("int")), text)


def _levels(column: ColumnProfile) -> tuple[str, ...]:
    found = column.levels
    return tuple(found.table) if found is not None and found.complete else ()


def _range(column: ColumnProfile) -> tuple[float, float] | None:
    numbers = column.numbers
    return (numbers.low, numbers.high) if numbers is not None and numbers.count else None

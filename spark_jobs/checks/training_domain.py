"""The training domain: categories and ranges of the training rows. Values outside are counted, not refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spark_jobs.columns.types import ColumnType
from spark_jobs.profile.profile import ColumnProfile, Profile


@dataclass(frozen=True)
class TrainingDomain:
    """The categories of each text column and the smallest and largest number of each numeric column."""

    levels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, profile: Profile, types: Sequence[ColumnType]) -> TrainingDomain:
        """Return the domain of a training's profile; text columns whose categories were not all kept are left out."""
        known = [(kind, profile.columns[kind.name]) for kind in types if kind.name in profile.columns]
        return cls(
            {kind.name: levels for kind, column in known if kind.cells == "text" and (levels := _levels(column))},
            {kind.name: ends for kind, column in known if kind.cells == "number" and (ends := _range(column))},
        )

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what is counted, as (kind, column), in the order of the counts."""
        return (*(("unseen", name) for name in self.levels), *(("outside", name) for name in self.ranges))


def _levels(column: ColumnProfile) -> frozenset[str]:
    found = column.levels
    return frozenset(found.table) if found is not None and found.complete else frozenset()


def _range(column: ColumnProfile) -> tuple[float, float] | None:
    numbers = column.numbers
    return (numbers.min, numbers.max) if numbers is not None and numbers.count else None

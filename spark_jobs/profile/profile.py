"""Profiles of tables and columns; the profiles of two parts of a table add up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from spark_jobs.notebook_html import notebook_table
from spark_jobs.profile.clipped_moments import ClippedMoments
from spark_jobs.profile.distinct import Distinct
from spark_jobs.profile.levels import LevelCounts
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.target_association import TargetAssociation
from spark_jobs.profile.type_counts import TypeCounts


@dataclass(frozen=True)
class ColumnProfile:
    """The profile of one column.

    Attributes:
        nan: the number of NaN values, which `missing` does not include.
        infinite: the number of infinite values.
        distinct_sketch: the distinct-value sketch.
        levels: the level counts of a text column.
        type_counts: the types that the cells of a text column parse as.
        target_association: the association with the target, if the scan had one.
        cleaned: the summary after outliers were clipped or nulled, if that changed a number.
        clipped_moments: the moments around the expected clipping bounds, until the bounds are known.
        trimmed: for plain text, whether no cell has surrounding blanks.
        null_values: for plain text, the null values that occur; None if unknown.
    """

    name: str
    type: str
    rows: int
    missing: int
    nan: int = 0
    infinite: int = 0
    distinct_sketch: Distinct | None = None
    numbers: NumberSummary | None = None
    levels: LevelCounts | None = None
    type_counts: TypeCounts | None = None
    target_association: TargetAssociation | None = None
    cleaned: NumberSummary | None = None
    clipped_moments: ClippedMoments | None = None
    trimmed: bool = False
    null_values: Sequence[str] | None = None

    def __add__(self, other: ColumnProfile) -> ColumnProfile:
        sums = {name: getattr(self, name) + getattr(other, name) for name in ("rows", "missing", "nan", "infinite")}
        parts = {name: _sum(getattr(self, name), getattr(other, name)) for name in _PARTS}
        both, trimmed = (self.null_values, other.null_values), self.trimmed and other.trimmed
        marks = None if both[0] is None or both[1] is None else tuple(sorted({*both[0], *both[1]}))
        return ColumnProfile(self.name, self.type, **sums, **parts, trimmed=trimmed, null_values=marks)

    @property
    def present(self) -> int:
        """Return the number of rows with a usable value."""
        return self.rows - self.missing - self.nan - self.infinite

    @property
    def distinct(self) -> int:
        """Return the number of distinct values: exact if the levels are complete or few, else estimated."""
        if self.levels is not None and self.levels.complete:
            return len(self.levels.table)
        return self.distinct_sketch.count if self.distinct_sketch is not None else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as JSON-compatible values."""
        plain = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _PARTS}
        parts = {name: getattr(self, name).to_dict() for name in _CLASSES if getattr(self, name) is not None}
        return (
            plain
            | parts
            | ({"distinct_sketch": self.distinct_sketch.to_list()} if self.distinct_sketch is not None else {})
        )

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ColumnProfile:
        """Return the profile that `to_dict` stored."""
        parts: dict[str, Any] = {
            name: kind.from_dict(stored[name]) for name, kind in _CLASSES.items() if name in stored
        }
        if "distinct_sketch" in stored:
            parts["distinct_sketch"] = Distinct.from_list(stored["distinct_sketch"])
        plain = {key: value for key, value in stored.items() if key not in _PARTS}
        return cls(**plain, **parts)


def _moments(column: ColumnProfile) -> tuple[float, float, float] | None:
    """Mean, least and greatest of the numbers of a column; None where there are none."""
    numbers = column.numbers
    return (numbers.mean, numbers.min, numbers.max) if numbers is not None and numbers.count else None


_CLASSES: dict[str, Any] = {
    "numbers": NumberSummary,
    "levels": LevelCounts,
    "type_counts": TypeCounts,
    "target_association": TargetAssociation,
    "cleaned": NumberSummary,
    "clipped_moments": ClippedMoments,
}
_PARTS = ("distinct_sketch", *_CLASSES)


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return one + other


@dataclass(frozen=True)
class Profile:
    """The profile of a table: its number of rows and its columns in order."""

    rows: int
    columns: dict[str, ColumnProfile]

    def __add__(self, other: Profile) -> Profile:
        """Return the profile of both tables together.

        Raises:
            ValueError: the tables do not have the same columns.
        """
        if self.columns.keys() != other.columns.keys():
            apart = sorted(self.columns.keys() ^ other.columns.keys())
            raise ValueError(f"Profiles with different columns cannot be added: only one has {', '.join(apart)}.")
        return Profile(
            self.rows + other.rows, {name: mine + other.columns[name] for name, mine in self.columns.items()}
        )

    @property
    def longest(self) -> int | None:
        """Return the length of the longest text in characters; None if the scan did not parse text."""
        readings = [column.type_counts for column in self.columns.values() if column.levels is not None]
        return None if None in readings else max((one.longest for one in readings if one is not None), default=0)

    def __str__(self) -> str:
        width = min(max(map(len, self.columns), default=0), 40)
        lines = (
            f"{n:<{width}}  {c.type:<8}  {c.missing:,} missing  {c.distinct:,} distinct"
            for n, c in self.columns.items()
        )
        return "\n".join([f"{self.rows:,} rows, {len(self.columns)} columns", *lines])

    def _repr_html_(self) -> str:
        """Show every column as a table in a notebook."""
        head = ("column", "type", "missing", "distinct", "mean", "min", "max")
        rows = [
            (one.name, one.type, one.missing, one.distinct, *(_moments(one) or (None, None, None)))
            for one in self.columns.values()
        ]
        return notebook_table(f"Profile: {self.rows:,} rows, {len(rows)} columns", head, rows)

    def __getitem__(self, name: str) -> ColumnProfile:
        return self.columns[name]

    def to_json(self) -> str:
        """Return the profile as JSON text."""
        return json.dumps({"rows": self.rows, "columns": [column.to_dict() for column in self.columns.values()]})

    @classmethod
    def from_json(cls, text: str) -> Profile:
        """Return the profile that `to_json` stored."""
        stored = json.loads(text)
        columns = [ColumnProfile.from_dict(column) for column in stored["columns"]]
        return cls(stored["rows"], {column.name: column for column in columns})

    @classmethod
    def read(cls, path: Path) -> Profile:
        """Return the profile stored in a file."""
        return cls.from_json(path.read_text())

"""Candidate inputs that the training rows are profiled for: numbers, date parts and categories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.features import CYCLIC, PARTS, part_name
from spark_jobs.features.cast import category_scan_sql, numeric_input_sql
from spark_jobs.models import find
from spark_jobs.spec import Spec

MODE = "as text"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An expression over one column; `part` is as in `NumberInput`, or `MODE` to count values for a number's mode."""

    column: str
    part: str | None
    text: bool
    sql: str

    @property
    def name(self) -> str:
        """Return the name in the training profile."""
        return part_name(self.column, self.part)


def candidates(spec: Spec, types: Mapping[str, ColumnType]) -> tuple[Candidate, ...]:
    """Return the expressions to profile, for all columns that could become features.

    Raises:
        DataError: a column has the same name as a part of another column.
    """
    found = [one for kind in types.values() if is_candidate(spec, kind) for one in _of_column(spec, kind)]
    seen: set[str] = set()
    for one in found:
        if one.name in seen:
            raise DataError(f"The column '{one.name}' has the name of a derived column.", "Rename it in the data.")
        seen.add(one.name)
    return tuple(found)


def is_candidate(spec: Spec, kind: ColumnType) -> bool:
    """Return whether the spec and the column's type allow it to become a feature."""
    return not why_not(spec, kind)


def why_not(spec: Spec, kind: ColumnType) -> str:
    """Return why a column cannot become a feature; an empty text if it can."""
    if kind.name in (spec.target, spec.weight):
        return "it is the target" if kind.name == spec.target else "it is the weight"
    if kind.name in spec.columns.ignore:
        return "the spec ignores it"
    if spec.key == (kind.name,):
        return "it is the key"
    if kind.kind in ("constant", "identifier", "unsupported", "text"):
        return kind.reason
    if kind.cells in ("date", "timestamp") and _date_choice(spec, kind.name) == "none":
        return "the spec excludes dates"
    return ""


def _date_choice(spec: Spec, name: str) -> str:
    own = spec.features.per_column.get(name)
    return own.date if own and own.date else spec.features.date


def _of_column(spec: Spec, kind: ColumnType) -> Iterator[Candidate]:
    if kind.cells in ("date", "timestamp"):
        yield from _of_date(spec, kind)
    elif kind.cells in ("number", "boolean"):
        yield Candidate(kind.name, None, False, numeric_input_sql(kind, None, spec.timezone))
        if missing_choice(spec, kind.name, "numeric") == "mode":
            yield Candidate(kind.name, MODE, True, f"CAST({numeric_input_sql(kind, None, spec.timezone)} AS STRING)")
    else:
        yield Candidate(kind.name, None, True, category_scan_sql(kind, None, spec.timezone))


def _of_date(spec: Spec, kind: ColumnType) -> Iterator[Candidate]:
    levels = CYCLIC if find(spec.model.kind).categories == "indicators" else ()
    for part in PARTS if kind.cells == "timestamp" else PARTS[:5]:
        sql = category_scan_sql if part in levels else numeric_input_sql
        yield Candidate(kind.name, part, part in levels, sql(kind, part, spec.timezone))


def missing_choice(spec: Spec, name: str, group: str) -> str | float:
    """Return the imputation that the spec sets for nulls of a column, a method or a value."""
    own = spec.features.per_column.get(name)
    if own and own.missing is not None:
        return own.missing
    choice: str | float = getattr(spec.clean.missing, group)
    return choice

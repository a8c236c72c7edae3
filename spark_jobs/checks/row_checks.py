"""Checks of single rows: the condition under which a row fails, and the reason stored in quarantine."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.checks.bounds import bounded
from spark_jobs.checks.cells import WORDS, Cell, ColumnReader
from spark_jobs.checks.patterns import not_matching
from spark_jobs.checks.wording import format_bound
from spark_jobs.columns.exact import exact_literal
from spark_jobs.errors import DataError, format_list
from spark_jobs.spec.checks import Between, Compare, InSet, Matches, NotNull, RowCheck, Unique

_ORDERS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Violation:
    """The condition under which a row fails a check (never null), and the reason as text."""

    condition: Column
    reason: Column


def violation(check: RowCheck, place: int, columns: ColumnReader, number_of: Column | None = None) -> Violation:
    """Return when and why a row fails a check. A null fails no check but `not_null`.

    Args:
        check: the row check.
        place: its position in `checks`, for messages.
        columns: the columns of the rows.
        number_of: for `unique`, the row's number among the rows with the same values, from 1.

    Raises:
        DataError: the check names a missing column, or does not fit the column's type.
    """
    match check:
        case Between():
            return _between(check, place, columns)
        case InSet():
            return _in(check, place, columns)
        case NotNull():
            cell = columns.cell(check.column)
            return Violation(cell.value.isNull(), _said(check.column, " is null"))
        case Matches():
            text = columns.raw(check.column)
            shown = Cell(check.column, "text", text).shown
            words = _said(check.column, " is ", shown, f", which does not match {check.pattern}")
            return Violation(not_matching(text, check.pattern), words)
        case Unique():
            assert number_of is not None
            words = _said("", f"another row has the same {format_list(check.columns)}")
            return Violation(F.coalesce(number_of > 1, F.lit(False)), words)
        case Compare():
            return _compare(check, place, columns)
    raise AssertionError(check)


def _between(check: Between, place: int, columns: ColumnReader) -> Violation:
    cell, low, high = bounded(check, place, columns)
    outside = F.lit(False)
    outside = outside if low is None else outside | (cell.value < low)
    outside = outside if high is None else outside | (cell.value > high)
    return Violation(F.coalesce(outside, F.lit(False)), _said(check.column, " is ", cell.shown, f", {_out_of(check)}"))


def _out_of(check: Between) -> str:
    if check.max is None:
        return f"less than {format_bound(check.min)}"
    if check.min is None:
        return f"more than {format_bound(check.max)}"
    return f"not between {format_bound(check.min)} and {format_bound(check.max)}"


def _in(check: InSet, place: int, columns: ColumnReader) -> Violation:
    cell = columns.cell(check.column)
    values = [value.strip(BLANKS) for value in check.values]
    if cell.cells == "number":
        found = cell.value.isin(_numbers(values, check, place, columns.typed[check.column]))
    else:
        folded = [value.casefold() if cell.cells == "boolean" else value for value in values]
        found = cell.value.cast("string").isin(folded)
    words = _said(check.column, " is ", cell.shown, f", not one of {format_list(values)}")
    return Violation(F.coalesce(~found, F.lit(False)), words)


def _numbers(values: list[str], check: InSet, place: int, kind: T.DataType) -> list[Column]:
    """Return the values that the column's type can hold, in that type, so that 1 and 1.0 are equal."""
    try:
        found = [float(value) for value in values]
    except ValueError:
        found = [math.nan]
    if not all(math.isfinite(value) for value in found):
        said = f"`checks[{place}]` lists {format_list(values)}, but '{check.column}' is read as numbers."
        raise DataError(said, "List numbers, or name the column in `columns.categorical` and train again.")
    return [one for one in (exact_literal(value, kind) for value in values) if one is not None]


def _compare(check: Compare, place: int, columns: ColumnReader) -> Violation:
    left, right = columns.cell(check.column), columns.cell(check.other)
    if left.cells != right.cells:
        said = f"`checks[{place}]` compares '{left.name}', read as {WORDS[left.cells]}, with '{right.name}', read as"
        raise DataError(f"{said} {WORDS[right.cells]}.", "Compare columns of the same type.")
    holds = _ORDERS[check.is_](left.value, right.value)
    words = _said(check.column, " is ", left.shown, f", not {check.is_} {check.other}, which is ", right.shown)
    return Violation(F.coalesce(~holds, F.lit(False)), words)


def _said(*parts: str | Column) -> Column:
    return F.concat(*[F.lit(part) if isinstance(part, str) else part for part in parts])

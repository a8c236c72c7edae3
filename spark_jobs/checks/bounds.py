"""Bounds of the `between` check, as values of the column's type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.checks.cells import WORDS, Cell, ColumnReader
from spark_jobs.columns.exact import HELD, exact_literal
from spark_jobs.columns.types import Cells
from spark_jobs.errors import DataError
from spark_jobs.spec.checks import Between

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADVICE = {
    "number": "Write numbers.",
    "date": "Write days, such as min: 2020-01-31.",
    "timestamp": "Write days or times, such as min: 2020-01-31T08:00:00.",
}


def bounded(check: Between, place: int, columns: ColumnReader) -> tuple[Cell, Column | None, Column | None]:
    """Return the cell that a `between` check reads, with its lower and upper bound in the same type.

    Args:
        check: the check.
        place: its position in `checks`, for messages.
        columns: the columns of the rows.

    Returns:
        The cell, the lower bound and the upper bound. A bound is None if the check has none.

    Raises:
        DataError: a bound has another type than the column, or the column's type has no order.
    """
    wanted: Cells = "timestamp" if isinstance(check.min if check.min is not None else check.max, str) else "number"
    cell = columns.cell(check.column, wanted)
    if cell.cells not in _ADVICE:
        said = f"`checks[{place}]` sets bounds, but '{check.column}' is read as {WORDS[cell.cells]}."
        raise DataError(said, "Use `rule: in` or `rule: matches`.")
    kind = columns.typed[check.column]
    return cell, _value(check.min, cell, place, columns.zone, kind), _value(check.max, cell, place, columns.zone, kind)


def _value(bound: float | str | None, cell: Cell, place: int, zone: str, kind: T.DataType) -> Column | None:
    if bound is None:
        return None
    try:
        return _number(bound, kind) if cell.cells == "number" else _literal(bound, cell.cells, zone)
    except (ValueError, TypeError):
        said = f"`checks[{place}]` has the bound {bound}, but '{cell.name}' is read as {WORDS[cell.cells]}."
        raise DataError(said, _ADVICE[cell.cells]) from None


def _number(bound: float | str, kind: T.DataType) -> Column:
    """Return a numeric bound as a double, or in the column's type if a double may not hold it exactly."""
    if isinstance(bound, str):
        raise TypeError
    beyond = isinstance(bound, int) and abs(bound) >= HELD and isinstance(kind, T.NumericType)
    found = exact_literal(str(bound), kind) if beyond else None
    return F.lit(float(str(bound))) if found is None else found


def _literal(bound: float | str, cells: Cells, zone: str) -> Column:
    if not isinstance(bound, str):
        raise TypeError
    if cells == "date":
        return F.lit(date.fromisoformat(bound))
    moment = datetime.fromisoformat(bound)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
    apart = moment - _EPOCH
    return F.timestamp_micros(F.lit((apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds))

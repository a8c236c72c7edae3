"""The bounds of `between`, as values of the column's type."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.checks.cells import WORDS, Cell, Columns
from spark_jobs.columns.exact import HELD, literal
from spark_jobs.columns.types import Cells
from spark_jobs.errors import DataError
from spark_jobs.spec.checks import Between

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADVICE = {
    "number": "Write numbers.",
    "date": "Write days, such as min: 2020-01-31.",
    "timestamp": "Write days or times, such as min: 2020-01-31T08:00:00.",
}


def bounded(check: Between, place: int, columns: Columns) -> tuple[Cell, Column | None, Column | None]:
    """The cell that a check is about, and its bounds as values of the same type.

    Raises:
        DataError: a bound is of another type than the column, or the column has no order.
    """
    wanted: Cells = "timestamp" if isinstance(check.min if check.min is not None else check.max, str) else "number"
    cell = columns.cell(check.column, wanted)
    if cell.cells not in _ADVICE:
        said = f"`checks[{place}]` asks for bounds, and '{check.column}' is read as {WORDS[cell.cells]}."
        raise DataError(said, "Use `rule: in` or `rule: matches`.")
    kind = columns.typed[check.column]
    return cell, _value(check.min, cell, place, columns.zone, kind), _value(check.max, cell, place, columns.zone, kind)


def _value(bound: float | str | None, cell: Cell, place: int, zone: str, kind: T.DataType) -> Column | None:
    if bound is None:
        return None
    try:
        return _number(bound, kind) if cell.cells == "number" else _literal(bound, cell.cells, zone)
    except (ValueError, TypeError):
        said = f"`checks[{place}]` has the bound {bound}, and '{cell.name}' is read as {WORDS[cell.cells]}."
        raise DataError(said, _ADVICE[cell.cells]) from None


def _number(bound: float | str, kind: T.DataType) -> Column:
    """A bound as a double; one that a double may not hold in the column's type, where that holds it."""
    if isinstance(bound, str):
        raise TypeError
    beyond = isinstance(bound, int) and abs(bound) >= HELD and isinstance(kind, T.NumericType)
    found = literal(str(bound), kind) if beyond else None
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

"""Incremental reads of a growing table: rows from the last watermark on, with a lookback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyspark.sql import types as T

from spark_jobs.errors import DataError
from spark_jobs.sources.database import Database, identifier, sql_literal

LOOKBACK_SECONDS: Final = 300
_ENDLESS: Final = ("infinity", "-infinity", "Infinity", "-Infinity", "NaN")


@dataclass(frozen=True)
class WatermarkRange:
    """The rows to read by a column that only grows: those from `low` to `high`.

    `ahead` rows are later than `now`, the database's clock. Each scoring reads them until their time has come, and they
    do not advance the watermark: one wrong year must not hide the rows before it.
    """

    column: str
    low: str | None
    high: str | None
    ahead: int = 0
    now: str = ""

    @property
    def sql(self) -> str:
        """Return the WHERE clause; empty for training and for a first scoring, which read all rows."""
        if self.low is None:
            return ""
        column = identifier(self.column)
        bounds = f"{column} >= {sql_literal(self.low)}" + (
            f" AND {column} <= {sql_literal(self.high)}" if self.high else ""
        )
        return f" WHERE ({bounds})" + (f" OR {_ahead(column, sql_literal(self.now))}" if self.ahead else "")

    def reads(self, place: str) -> dict[str, Any]:
        """Return what the ledger stores."""
        told = {"source": place, "column": self.column, "low": self.low, "high": self.high, "ahead": self.ahead}
        return {"watermark": told}


def watermark_range(
    database: Database, table: str, column: str, kind: T.DataType, since: str | None, lookback: int | None
) -> WatermarkRange:
    """Return the range to read after an earlier scoring reached `since`; all rows if there was none.

    Raises:
        DataError: A row has a null or infinite watermark.
    """
    name, by_time = identifier(column), not isinstance(kind, T.NumericType)
    ahead = _ahead(name, "now()") if by_time else "false"
    # An index on the column, if any, answers each subquery.
    asked = (
        f"SELECT (SELECT max({name}) FROM {table} WHERE NOT {ahead})::text AS high,"
        f" (SELECT count(*) FROM {table} WHERE {ahead}) AS ahead,"
        f" (SELECT max({name}) FROM {table})::text AS newest,"
        f" EXISTS (SELECT 1 FROM {table} WHERE {name} IS NULL) AS lost,"
        f" now()::text AS clock, {_low(table, name, since, lookback, by_time)} AS low"
    )
    found = database.asked(asked)[0]
    if found.lost:
        raise DataError(
            f"Rows of {table} are null in the watermark '{column}': incremental scoring would never read them.",
            "Fill the column, or remove `source.watermark`.",
        )
    if found.newest in _ENDLESS:
        raise DataError(f"'{column}' has the value '{found.newest}', which no later row can exceed.", "Fix that row.")
    return WatermarkRange(column, found.low, found.high if found.high is not None else since, found.ahead, found.clock)


def rows_ahead(reads: Mapping[str, Any]) -> str | None:
    """Return a note about rows ahead of the database's clock, from what the ledger stored; None if there are none."""
    mark = reads.get("watermark", {})
    if not mark.get("ahead"):
        return None
    count, column = mark["ahead"], mark["column"]
    return f"{count:,} rows are ahead of the database's clock in '{column}': each scoring reads them until then"


def _ahead(column: str, clock: str) -> str:
    return f"({column} > {clock}::timestamptz)"


def _low(table: str, column: str, since: str | None, lookback: int | None, by_time: bool) -> str:
    """Return the SQL of the lower bound as text, computed by the database in the column's own type."""
    if since is None:
        return "NULL::text"
    back = lookback if lookback is not None else LOOKBACK_SECONDS if by_time else 0
    if not back:
        return f"{sql_literal(since)}::text"
    step = f"interval '{back} seconds'" if by_time else str(back)
    typed = f"SELECT {column} AS v FROM {table} WHERE false UNION ALL SELECT {sql_literal(since)}"
    return f"(SELECT (v - {step})::text FROM ({typed}) AS one)"

"""The rows of a table that grows: from where the last scoring ended, and a little before, as far as it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyspark.sql import types as T

from spark_jobs.errors import DataError
from spark_jobs.sources.database import Database, identifier, literal

LOOKBACK_SECONDS: Final = 300
_ENDLESS: Final = ("infinity", "-infinity", "Infinity", "-Infinity", "NaN")


@dataclass(frozen=True)
class WatermarkRange:
    """The rows to read by a column that only grows: those from `low` to `high`.

    So many rows that are `ahead` of the database's clock, which was at `now`, are read too, at each scoring until their
    time has come: a single mistaken year must not keep what comes before it from being read.
    """

    column: str
    low: str | None
    high: str | None
    ahead: int = 0
    now: str = ""

    @property
    def sql(self) -> str:
        """The condition of a row; a training's and a first scoring's rows are all there are."""
        if self.low is None:
            return ""
        column = identifier(self.column)
        bounds = f"{column} >= {literal(self.low)}" + (f" AND {column} <= {literal(self.high)}" if self.high else "")
        return f" WHERE ({bounds})" + (f" OR {_ahead(column, literal(self.now))}" if self.ahead else "")

    def reads(self, place: str) -> dict[str, Any]:
        """What the ledger keeps of it."""
        told = {"source": place, "column": self.column, "low": self.low, "high": self.high, "ahead": self.ahead}
        return {"watermark": told}


def watermark_range(
    database: Database, table: str, column: str, kind: T.DataType, since: str | None, lookback: int | None
) -> WatermarkRange:
    """The rows to read of a table where an earlier scoring came to `since`; all where there was none.

    Raises:
        DataError: a row has no watermark, or an endless one.
    """
    name, by_time = identifier(column), not isinstance(kind, T.NumericType)
    ahead = _ahead(name, "now()") if by_time else "false"
    # An index answers each of them, where there is one.
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
            f"Rows of {table} have no value in '{column}': no scoring that reads by it sees them.",
            "Fill the column, or leave `source.watermark` out.",
        )
    if found.newest in _ENDLESS:
        raise DataError(f"'{column}' holds '{found.newest}', beyond which nothing can come.", "Fix that row.")
    return WatermarkRange(column, found.low, found.high if found.high is not None else since, found.ahead, found.clock)


def rows_ahead(reads: Mapping[str, Any]) -> str | None:
    """What there is to say of rows ahead of the clock, by what was kept of a reading."""
    mark = reads.get("watermark", {})
    if not mark.get("ahead"):
        return None
    count, column = mark["ahead"], mark["column"]
    return f"{count:,} rows are ahead of the database's clock in '{column}': read at each scoring until then"


def _ahead(column: str, clock: str) -> str:
    return f"({column} > {clock}::timestamptz)"


def _low(table: str, column: str, since: str | None, lookback: int | None, by_time: bool) -> str:
    """Where to begin, as text, worked out by the database in the column's own type."""
    if since is None:
        return "NULL::text"
    back = lookback if lookback is not None else LOOKBACK_SECONDS if by_time else 0
    if not back:
        return f"{literal(since)}::text"
    step = f"interval '{back} seconds'" if by_time else str(back)
    typed = f"SELECT {column} AS v FROM {table} WHERE false UNION ALL SELECT {literal(since)}"
    return f"(SELECT (v - {step})::text FROM ({typed}) AS one)"

"""A kind of source: rows of a series. `n` is 0 to 96 in turn, `noise` is 0 to 6, and `y` is n + 5 noise."""

from __future__ import annotations

from pydantic import Field

from spark_jobs.sources.source_kind import SourceKind, StreamReader
from spark_jobs.spec.mistakes import SpecIssue
from spark_jobs.spec.source_keys import SourceKeys


class SeriesKeys(SourceKeys):
    """A series of rows."""

    length: int | None = Field(default=None, ge=0, description="The number of rows.")
    first: int = Field(default=0, description="The first number.")


def rules(keys, at):
    if keys.first < 0:
        yield SpecIssue((*at, "first"), "must not be negative.", "Begin at 0.")


def read(source, spark):
    from spark_jobs.sources.source_table import Reading, Table

    keys = SeriesKeys.of(source)
    ids = spark.range(keys.first, keys.first + keys.length)
    rows = ids.selectExpr("id % 97 AS n", "id % 7 AS noise", "id % 97 + 5 * (id % 7) AS y")
    reading = Reading("series", "a series", {}, ())
    return Table(rows, reading, f"{keys.first}/{keys.length}", columns=tuple(rows.columns), records=keys.length)


def open_stream(source, stream, spark, after):
    rate = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", SeriesKeys.of(source).length)
    return rate.load().selectExpr("value % 97 AS n", "value % 7 AS noise")


SOURCE = SourceKind(
    read=read,
    keys=SeriesKeys,
    required=("length",),
    implied_by=("length",),
    endings=("series",),
    options=("seriesStep",),
    rules=rules,
    stream=StreamReader(open=open_stream),
)

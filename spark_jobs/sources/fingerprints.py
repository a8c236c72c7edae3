"""Fingerprints of rows whose source has no files: the table's version, or else the content itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.names import col
from spark_jobs.columns.row_ids import row_hash
from spark_jobs.sources.files import fingerprint

if TYPE_CHECKING:
    from delta.tables import DeltaTable


def content_fingerprint(rows: DataFrame, *parts: object) -> tuple[int, str]:
    """Count all rows and fingerprint their names and cells, in any order, by one pass; `parts` are added to it."""
    fields = {field.name: field.dataType for field in rows.schema}
    packed = rows.select(F.struct(*map(col, rows.columns)).alias("_row"))
    content: Any = packed.agg(F.count(F.lit(1)), F.sum(row_hash(fields).cast("decimal(38,0)"))).first()
    return int(content[0]), fingerprint([*parts, *rows.columns, *content])


def version_fingerprint(table: Callable[[], DeltaTable], options: Mapping[str, str]) -> tuple[int, str] | None:
    """Return the version that a read of a Delta table takes, and a fingerprint that only this state of it has.

    File names do not tell: a deletion vector removes rows of a file that stays. A later version is another state, even
    if its rows are those of an earlier one. The time of the commit tells apart two tables that were copies of each
    other. None where the table has no history for us.
    """
    try:
        found = table()
        told: Any = found.detail().select("id", "location").first()
        commits = found.history(None if options else 1)
        if "versionAsOf" in options:
            commits = commits.where(F.col("version") == int(options["versionAsOf"]))
        if "timestampAsOf" in options:
            commits = commits.where(F.col("timestamp") <= F.lit(options["timestampAsOf"]).cast("timestamp"))
        chosen: Any = commits.select(
            "version", F.unix_micros("timestamp"), "operation", F.to_json("operationParameters")
        )
        last = chosen.orderBy(F.desc("version")).first()
    except (PySparkException, ValueError):
        return None
    return None if last is None else (int(last[0]), fingerprint([*told, *last]))

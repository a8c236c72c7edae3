"""Fingerprints of sources without files: the version of a table, or else a hash of its content."""

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
    """Count the rows and hash their column names and cells, in any row order, in one pass.

    `parts` are added to the hash.

    Returns:
        The number of rows, and the fingerprint.
    """
    fields = {field.name: field.dataType for field in rows.schema}
    packed = rows.select(F.struct(*map(col, rows.columns)).alias("_row"))
    content: Any = packed.agg(F.count(F.lit(1)), F.sum(row_hash(fields).cast("decimal(38,0)"))).first()
    return int(content[0]), fingerprint([*parts, *rows.columns, *content])


def version_fingerprint(table: Callable[[], DeltaTable], options: Mapping[str, str]) -> tuple[int, str] | None:
    """Return the version of a Delta table that is read, and a fingerprint unique to this state; None without a history.

    The fingerprint has the commit, not file names: a deletion vector removes rows of a file that stays. A later version
    is another state, even with equal rows. The commit time distinguishes two tables that were copies of each other.
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

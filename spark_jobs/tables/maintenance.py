"""Maintenance of Delta tables: compaction of small files, and VACUUM of files past their retention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.columns.names import quoted
from spark_jobs.runtime.temporary_settings import temporary_settings
from spark_jobs.runtime.timestamps import microsecond_timestamps
from spark_jobs.spec.retention import DAYS
from spark_jobs.tables import delta
from spark_jobs.tables.locks import locked

if TYPE_CHECKING:
    from delta.tables import DeltaTable

_CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"
_LOG = "spark.databricks.delta.vacuum.logging.enabled"
# The most tasks with which Delta lists a folder. The default, 10,000, takes half a minute for a table of ten files.
_LISTING = "spark.sql.sources.parallelPartitionDiscovery.parallelism"


@dataclass(frozen=True, slots=True)
class MaintenanceResult:
    """A table's files and bytes before and after, and what was deleted from the disk.

    For a dry run, `after` equals `before`, and `removed` is what would be deleted. `removed_bytes` is then known only
    for local files.
    """

    files_before: int
    bytes_before: int
    files_after: int
    bytes_after: int
    removed_files: int
    removed_bytes: int | None

    def to_dict(self) -> dict[str, int]:
        """Return the known numbers by name."""
        return {name: number for name, number in asdict(self).items() if number is not None}


def maintain_tables(
    spark: SparkSession, root: str, names: Sequence[str], days: int | None, change: bool = True
) -> dict[str, MaintenanceResult]:
    """Compact and vacuum the tables that exist, one after the other, each under its write lock.

    Args:
        spark: The session.
        root: The root folder of the tables.
        names: The names of the tables.
        days: The retention; None uses each table's own setting, or 7 days.
        change: False reports what would be deleted and changes nothing.
    """
    done: dict[str, MaintenanceResult] = {}
    for name in names:
        path = delta.table_path(root, name)
        if delta.exists(spark, path):
            with progress.phase(name), locked(root, f"table-{name}"):
                done[name] = (compact_and_vacuum if change else dry_run)(spark, path, days)
    return done


def dry_run(spark: SparkSession, path: str, days: int | None) -> MaintenanceResult:
    """Return the table's current files and what VACUUM would delete; nothing changes."""
    files, size = _file_stats(_table(spark, path))
    retain = "" if days is None else f" RETAIN {days * 24:d} HOURS"
    with temporary_settings(spark, _settings(spark, days)):
        found = spark.sql(f"VACUUM delta.{quoted(path)}{retain} DRY RUN").collect()
    doomed = [row[0].removeprefix("file:") for row in found]
    known = "://" not in path and not path.startswith("dbfs:")
    weight = sum(one.stat().st_size for one in map(Path, doomed) if one.is_file()) if known else None
    gone = [one for one in doomed if not known or Path(one).is_file()]
    return MaintenanceResult(files, size, files, size, len(gone), weight)


def compact_and_vacuum(spark: SparkSession, path: str, days: int | None) -> MaintenanceResult:
    """Compact small files, and delete files that no version within the retention uses.

    `days` is the retention; None uses the table's own setting, or 7 days.
    """
    table = _table(spark, path)
    before = _file_stats(table)
    with microsecond_timestamps(spark):
        table.optimize().executeCompaction()
    with temporary_settings(spark, _settings(spark, days)):
        table.vacuum(None if days is None else float(days * 24))
    told = _vacuumed(table)
    return MaintenanceResult(
        *before, *_file_stats(table), int(told.get("numFilesToDelete", 0)), int(told.get("sizeOfDataToDelete", 0))
    )


def _table(spark: SparkSession, path: str) -> DeltaTable:
    from delta.tables import DeltaTable

    return DeltaTable.forPath(spark, path)


def _file_stats(table: DeltaTable) -> tuple[int, int]:
    found: Any = table.detail().select("numFiles", "sizeInBytes").first()
    return int(found[0]), int(found[1])


def _vacuumed(table: DeltaTable) -> Mapping[str, str]:
    """Return the metrics of the last VACUUM from the table's history."""
    told: list[Any] = table.history(2).select("operation", "operationMetrics").collect()
    return next((row[1] for row in told if row[0] == "VACUUM START"), {})


def _settings(spark: SparkSession, days: int | None) -> dict[str, str]:
    """Log VACUUM in the history; disable Delta's retention check only for a retention below its minimum."""
    wanted = {_LOG: "true", _LISTING: spark.conf.get("spark.sql.shuffle.partitions") or "200"}
    return wanted | ({_CHECK: "false"} if days is not None and days < DAYS else {})

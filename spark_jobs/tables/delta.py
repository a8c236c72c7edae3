"""Delta tables by path. Every write is committed, skipped as a duplicate, or an error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from spark_jobs.columns.names import quoted
from spark_jobs.errors import SpecError
from spark_jobs.fault_points import fault_point
from spark_jobs.runtime.temporary_settings import temporary_settings
from spark_jobs.runtime.timestamps import microsecond_timestamps

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
_NEEDS_MAPPING = frozenset(" ,;{}()\n\t=")
_MAPPING: Final = {
    "delta.columnMapping.mode": "name",
    "delta.minReaderVersion": "2",
    "delta.minWriterVersion": "5",
}
_ABSENT = ("PATH_NOT_FOUND", "DELTA_TABLE_NOT_FOUND", "DELTA_MISSING_DELTA_TABLE", "DELTA_PATH_DOES_NOT_EXIST")
_LOOK_BACK = 20


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit in the table's history: the version it created, and the number of rows it added."""

    version: int
    rows: int
    metrics: Mapping[str, str]


class Txn(NamedTuple):
    """A transaction id for idempotent writes: an application writes each number once, and none below the last."""

    application: str
    number: int = 1


def table_path(root: str, table: str) -> str:
    """Return the path of a table under a root.

    Raises:
        SpecError: The name could leave the folder or break a path.
    """
    if not _NAME.fullmatch(table):
        raise SpecError(
            f"A table name may have only A-Z, a-z, 0-9, `_` and `-`. Got '{table}'.",
            "Set `name` or `predictions.table`.",
        )
    return f"{root.rstrip('/')}/tables/{table}" if "://" in root else str(Path(root).absolute() / "tables" / table)


def exists(spark: SparkSession, path: str) -> bool:
    """Return whether the path has a Delta table with at least one commit."""
    if "://" not in path and not path.startswith("dbfs:"):
        return any(Path(path, "_delta_log").glob("*.json")) or any(Path(path, "_delta_log").glob("*.parquet"))
    try:
        read_table(spark, path).schema  # noqa: B018 - Connect reads the table only for its schema
    except AnalysisException as error:
        if (error.getCondition() or "").startswith(_ABSENT) or "is not a Delta table" in str(error):
            return False
        raise
    return True


def read_table(spark: SparkSession, path: str) -> DataFrame:
    """Return the table's rows."""
    return spark.read.format("delta").load(path)


def append(
    rows: DataFrame,
    path: str,
    *,
    about: Mapping[str, object] | None = None,
    once: str | Txn | None = None,
    replace: str | None = None,
    properties: Mapping[str, str] | None = None,
    partition_by: Sequence[str] = (),
    verify: bool = True,
) -> Commit | None:
    """Append rows to a table, create it if needed, and verify in its history that the rows were committed.

    New columns are added; column mapping is enabled only if a name needs it.

    Args:
        once: The transaction id: a second write with the same one is skipped.
        replace: An SQL predicate; the rows that meet it are replaced.
        properties: Table properties, for a table that is created.
        partition_by: Partition columns, for a table that is created.
        verify: Whether to look up the commit. A plain append that Delta reports as successful needs no verification.

    Returns:
        The commit; None if nothing was committed (no rows, or a duplicate), or if `verify` is false.
    """
    spark, token = rows.sparkSession, uuid4().hex
    options = {"userMetadata": json.dumps({**(about or {}), "write": token}), "mergeSchema": "true"}
    writer = rows.write.format("delta").mode("append" if replace is None else "overwrite")
    if not exists(spark, path):
        writer = writer.partitionBy(*partition_by)
        options |= {**(properties or {}), **(_MAPPING if needs_mapping(rows.schema) else {})}
    elif replace is not None or needs_mapping(rows.schema):
        add_columns(rows, path)
    if once is not None:
        # Delta silently skips a write whose number is not above the application's last. So each write has its own
        # application, except for a stream, whose micro-batches are numbered.
        write = Txn(once) if isinstance(once, str) else once
        options |= {"txnAppId": write.application, "txnVersion": str(write.number)}
    if replace is not None:
        options |= {"replaceWhere": replace, "mergeSchema": "false"}
    table = path.rsplit("/", 1)[-1]
    fault_point(f"write.{table}")
    with microsecond_timestamps(spark):
        writer.options(**options).save(path)
    fault_point(f"written.{table}")
    return commit_of(spark, path, token) if verify and exists(spark, path) else None


def create(
    rows: DataFrame, path: str, properties: Mapping[str, str] | None = None, partition_by: Sequence[str] = ()
) -> None:
    """Create an empty table for rows of this schema, because a writer cannot set custom table properties."""
    from delta.tables import DeltaTable

    fields = [T.StructField(one.name, one.dataType, True, one.metadata) for one in rows.schema]
    made = DeltaTable.createIfNotExists(rows.sparkSession).location(path).addColumns(T.StructType(fields))
    for key, value in (properties or {}).items():
        made = made.property(key, value)
    made.partitionedBy(*partition_by).execute()


def partition_columns(spark: SparkSession, path: str) -> tuple[str, ...]:
    """Return the table's partition columns."""
    from delta.tables import DeltaTable

    found: Any = DeltaTable.forPath(spark, path).detail().select("partitionColumns").first()
    return tuple(found[0])


def commit_of(spark: SparkSession, path: str, token: str) -> Commit | None:
    """Return the commit of the write with that token, from the table's history; None if it did not commit."""
    for version, metadata, metrics in _history(spark, path):
        if token in (metadata or ""):
            added = int(metrics.get("numTargetRowsInserted") or metrics.get("numOutputRows") or 0)
            return Commit(version, added - int(metrics.get("numCopiedRows") or 0), metrics)
    return None


def recent_commits(path: str) -> list[dict[str, Any]]:
    """Return the metadata stored with the last commits of a local table, newest first; empty for a remote table."""
    found = [metadata for _, metadata, _ in _local_history(Path(path, "_delta_log")) if metadata]
    return [json.loads(metadata) for metadata in found if metadata.startswith("{")]


def merge(rows: DataFrame, path: str, on: str, changed: str, about: Mapping[str, object]) -> Commit | None:
    """Merge rows into a table: update matching rows that changed, and insert the others.

    Args:
        rows: The new rows, `s` in SQL.
        path: The table's path; its rows are `t` in SQL.
        on: The SQL condition under which two rows match.
        changed: The SQL condition under which a matching row is updated.

    Returns:
        The commit; None if nothing had to change.
    """
    from delta.tables import DeltaTable

    spark, token = rows.sparkSession, uuid4().hex
    add_columns(rows, path)
    whole = _with_all_columns(rows, read_table(spark, path).schema)
    setting = "spark.databricks.delta.commitInfo.userMetadata"
    metadata = json.dumps({**about, "write": token})
    into = DeltaTable.forPath(spark, path).alias("t").merge(whole.alias("s"), on)
    # Delta's `whenMatchedUpdateAll` splits a name that has a backtick.
    cells: Any = {quoted(name): f"s.{quoted(name)}" for name in whole.columns}
    with temporary_settings(spark, {setting: metadata}), microsecond_timestamps(spark):
        into.whenMatchedUpdate(changed, cells).whenNotMatchedInsert(values=cells).execute()
    return commit_of(spark, path, token)


def add_columns(rows: DataFrame, path: str) -> None:
    """Add the columns that only the rows have to the table."""
    spark = rows.sparkSession
    known = {name.casefold() for name in read_table(spark, path).columns}
    if all(name.casefold() in known for name in rows.columns):
        return
    if needs_mapping(rows.schema):
        _switch_on_mapping(spark, path)
    rows.limit(0).write.format("delta").mode("append").option("mergeSchema", "true").save(path)


def needs_mapping(schema: T.DataType) -> bool:
    """Return whether a column's name, at any depth, is invalid in Parquet, so that column mapping is needed."""
    if isinstance(schema, T.StructType):
        return any(_NEEDS_MAPPING & set(field.name) or needs_mapping(field.dataType) for field in schema.fields)
    if isinstance(schema, T.ArrayType):
        return needs_mapping(schema.elementType)
    return isinstance(schema, T.MapType) and (needs_mapping(schema.keyType) or needs_mapping(schema.valueType))


def _switch_on_mapping(spark: SparkSession, path: str) -> None:
    found = spark.sql(f"DESCRIBE DETAIL delta.{quoted(path)}").select("properties").first()
    if found is not None and found[0].get("delta.columnMapping.mode") not in ("name", "id"):
        settings = ", ".join(f"'{key}' = '{value}'" for key, value in _MAPPING.items())
        spark.sql(f"ALTER TABLE delta.{quoted(path)} SET TBLPROPERTIES ({settings})")


def _with_all_columns(rows: DataFrame, schema: T.StructType) -> DataFrame:
    from pyspark.sql import functions as F

    have = {name.casefold() for name in rows.columns}
    lacking = {field.name: F.lit(None).cast(field.dataType) for field in schema if field.name.casefold() not in have}
    return rows.withColumns(lacking) if lacking else rows


def _history(spark: SparkSession, path: str) -> list[tuple[int, str | None, dict[str, str]]]:
    """Return the last commits: version, metadata and metrics."""
    log = Path(path, "_delta_log")
    if log.is_dir():
        return _local_history(log)
    told = spark.sql(f"DESCRIBE HISTORY delta.{quoted(path)} LIMIT {_LOOK_BACK}")
    found: list[Any] = told.select("version", "userMetadata", "operationMetrics").collect()
    return [(int(row[0]), row[1], dict(row[2] or {})) for row in found]


def _local_history(log: Path) -> list[tuple[int, str | None, dict[str, str]]]:
    return [_told(file) for file in sorted(log.glob("*.json"), reverse=True)[:_LOOK_BACK] if file.stem.isdigit()]


def _told(file: Path) -> tuple[int, str | None, dict[str, str]]:
    """Read a commit's file: the same through Spark takes almost half a second."""
    with file.open(encoding="utf-8") as lines:
        told = (json.loads(line) for line in lines if line.startswith('{"commitInfo"'))
        about: dict[str, Any] = next((one["commitInfo"] for one in told), {})
    return int(file.stem), about.get("userMetadata"), dict(about.get("operationMetrics") or {})

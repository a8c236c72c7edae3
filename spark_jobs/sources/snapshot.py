"""Snapshots of sources that may change while they are read: copied once, so that every pass sees the same rows."""

from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path
from typing import Final
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.runtime.closing import before_close
from spark_jobs.runtime.timestamps import microsecond_timestamps

_FOLDER: Final = "_snapshots"
_OLD_SECONDS: Final = 86_400
_made: list[tuple[SparkSession, str]] = []


def snapshot(rows: DataFrame) -> DataFrame:
    """Copy the rows as they are now, and return the copy. `delete_snapshots` deletes it."""
    spark = rows.sparkSession
    root = _root(spark)
    _sweep(root)
    place = f"{root}/{_owner()}-{uuid4().hex}"
    _made.append((spark, place))
    before_close(delete_snapshots)
    with microsecond_timestamps(spark):
        rows.write.parquet(place)
    return spark.read.schema(rows.schema).parquet(place)


def delete_snapshots() -> None:
    """Delete the snapshots that this process made."""
    while _made:
        spark, place = _made.pop()
        local = _local(place)
        if local is not None:
            shutil.rmtree(local, ignore_errors=True)
        else:  # remote file system: Spark can empty the folder but not remove it
            spark.range(0).write.mode("overwrite").parquet(place)


def _root(spark: SparkSession) -> str:
    return f"{(spark.conf.get('spark.sql.warehouse.dir') or '').rstrip('/')}/{_FOLDER}"


def _owner() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


def _local(place: str) -> Path | None:
    path = place.removeprefix("file:")
    return Path("/" + path.lstrip("/")) if "://" not in path and path.startswith("/") else None


def _sweep(root: str) -> None:
    """Delete old snapshots of killed processes."""
    local = _local(root)
    if local is None or not local.is_dir():
        return
    for copy in local.iterdir():
        if time.time() - copy.stat().st_mtime > _OLD_SECONDS and not _is_in_use(copy.name):
            shutil.rmtree(copy, ignore_errors=True)


def _is_in_use(name: str) -> bool:
    host, _, rest = name.rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

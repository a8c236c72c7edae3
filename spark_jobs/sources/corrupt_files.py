"""Read arriving files, and keep corrupt ones (truncated, or not compressed as named) apart from valid ones."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pyspark.sql import SparkSession

from spark_jobs.columns.names import quoted
from spark_jobs.errors import DataError
from spark_jobs.formats.unpacking import open_unpacked
from spark_jobs.sources.files import DataFile, chosen, fingerprint, fingerprint_of
from spark_jobs.sources.kinds import find_kind
from spark_jobs.sources.null_values import null_values_of
from spark_jobs.sources.packing import packing_problem
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.sources.table_reader import kind_of_source, read_source
from spark_jobs.spec.endings import packing
from spark_jobs.spec.models import Source

SETTLED_SECONDS: Final = 30
_CHUNK: Final = 1 << 20
_MALFORMED: Final = "_raw STRING, _reasons ARRAY<STRING>, _source STRING"


def read_files(source: Source, files: Sequence[DataFile], spark: SparkSession, names: Sequence[str]) -> Table:
    """Read files that arrived; each file that cannot be read on its own becomes one row of `malformed`.

    `names` are the columns of the table if no file can be read.

    Raises:
        DataError: The readable files do not form one table.
    """
    kind = kind_of_source(source, spark)
    inspected = [_settled(file, kind) for file in files]
    corrupt = {file: why for file, why in inspected if why is not None}
    whole = [file for file, why in inspected if why is None]
    try:
        table = _read_of(source, whole, spark, names)
    except DataError:
        alone = {file: why for file in whole if (why := _why_unread(source, file, spark)) is not None}
        if not alone:
            raise
        corrupt |= alone
        table = _read_of(source, [file for file in whole if file not in alone], spark, names)
    return _with_corrupt(table, corrupt, source, spark) if corrupt else table


def corrupt_files(reads: Mapping[str, Any]) -> list[str]:
    """Return the reasons of corrupt files, from what the ledger stored of a read."""
    return [file["corrupt"] for file in reads.get("files", ()) if "corrupt" in file]


def corruption_reason(file: DataFile, kind: str) -> str | None:
    """Return why a local file is corrupt, judging by its format; None if it is valid or remote.

    Raises:
        DataError: The file cannot be opened or the disk fails, so the file itself may be valid.
    """
    if not file.local:
        return None
    if not file.size:
        return f"'{file.path}' is empty: 0 bytes."
    try:
        if (own := find_kind(kind).corruption_reason) is not None:
            return own(file)
        if why := packing_problem(file):
            return why
        if packing(file.path):
            _unpack(file.path)
    except (OSError, EOFError, zlib.error) as broken:
        if isinstance(broken, OSError) and broken.errno is not None:
            raise DataError(f"'{file.path}' cannot be read: {broken.strerror}.", "Fix that and score again.") from None
        return f"'{file.path}' cannot be decompressed: {broken}."
    return None


def _read_of(source: Source, whole: Sequence[DataFile], spark: SparkSession, names: Sequence[str]) -> Table:
    return read_source(chosen(source, whole), spark) if whole else _nothing(source, spark, names)


def _why_unread(source: Source, file: DataFile, spark: SparkSession) -> str | None:
    try:
        read_source(chosen(source, [file]), spark)
    except DataError as refused:
        if not file.local or not os.access(file.path, os.R_OK):
            raise  # deleted, no permission, or a network failure: the file itself may be valid
        return refused.message
    return None


def _settled(file: DataFile, kind: str) -> tuple[DataFile, str | None]:
    """Return a file and why it is corrupt. Wait for a truncated file, which may still be being written."""
    while True:
        why = corruption_reason(file, kind)
        idle = time.time() - file.changed / 1e9
        if why is None or not 0 <= idle < SETTLED_SECONDS:
            return file, why
        time.sleep(min(1.0, SETTLED_SECONDS - idle))
        try:
            now = os.stat(file.path)
        except FileNotFoundError:
            raise DataError(f"'{file.path}' no longer exists.", "Score again.") from None
        file = replace(file, size=now.st_size, changed=now.st_mtime_ns)


def _unpack(path: str) -> None:
    with open_unpacked(path) as file:
        while file.read(_CHUNK):
            pass


def _nothing(source: Source, spark: SparkSession, names: Sequence[str]) -> Table:
    rows = spark.createDataFrame([], ", ".join(f"{quoted(name)} STRING" for name in names))
    reading = Reading(kind_of_source(source, spark), str(source.path), {}, null_values_of(source))
    return Table(rows, reading, fingerprint(()), columns=tuple(names))


def _with_corrupt(table: Table, corrupt: Mapping[DataFile, str], source: Source, spark: SparkSession) -> Table:
    rows = spark.createDataFrame([(None, [why], f"file:{file.path}") for file, why in corrupt.items()], _MALFORMED)
    told = [{**file.told(), "corrupt": why} for file, why in corrupt.items()]
    return replace(
        table,
        malformed=rows if table.malformed is None else table.malformed.unionByName(rows),
        malformed_count=table.malformed_count + len(corrupt),
        fingerprint=fingerprint([table.fingerprint, fingerprint_of(list(corrupt)), len(corrupt)]),
        reads={**table.reads, "files": [*table.reads.get("files", ()), *told]} if source.landing else table.reads,
    )

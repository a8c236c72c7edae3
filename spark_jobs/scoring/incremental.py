"""Incremental reads: the part of a source that this model version has not scored yet."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import SparkSession

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.checks import parse_checks
from spark_jobs.errors import DataError
from spark_jobs.plan import Plan
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.sources.corrupt_files import corrupt_files, read_files
from spark_jobs.sources.files import chosen, files_of, local_files
from spark_jobs.sources.kinds import declared_kind
from spark_jobs.sources.source_kind import Watermark
from spark_jobs.sources.source_table import EmptySource, Table
from spark_jobs.sources.table_reader import read_source
from spark_jobs.sources.watermark import rows_ahead
from spark_jobs.spec import Environment, Source, Spec
from spark_jobs.tables.ledger import reads_so_far


def read_unread(
    source: Source,
    spec: Spec,
    version: ModelVersion,
    spark: SparkSession,
    env: Environment,
    plan: Plan,
    again: bool = False,
) -> Table | None:
    """Read the part of the source that is not scored yet.

    A landing folder gives its new files, a source with a watermark the rows beyond it, and any other source everything.

    Args:
        again: read everything, also what was scored before.

    Returns:
        The table, or None if no file is new or the source holds no rows.

    Raises:
        DataError: the source cannot be read, or a file changed while it was read.
    """
    watermark = _watermark(source)
    if not source.landing and watermark is None:
        try:
            return read_source(source, spark, wanted=wanted(spec, plan.used))
        except EmptySource:
            return None
    earlier = [] if again else reads_so_far(spark, env.root, spec.name, version.version)
    if source.landing:
        return _new_files(source, earlier, spark, plan)
    return read_source(source, spark, _last(watermark, earlier), wanted(spec, plan.used))


def wanted(spec: Spec, used: Sequence[str]) -> set[str] | None:
    """Return the columns to read from a wide table, or None for all of them.

    All columns are needed without a key, because rows are then identified by all their cells. They are also needed if
    an added column must be refused.
    """
    if spec.predictions.keep == "all" or not spec.key or spec.changes.added == "refuse":
        return None
    checked = {name for check in parse_checks(spec.checks) for name in check.column_names}
    return {*used, *spec.key, *spec.predictions.keep, *checked, spec.target}


def reading_lines(reads: Mapping[str, Any]) -> list[str]:
    """Return what to tell the user about the input: future-dated rows, and the first 20 corrupt files."""
    ahead = rows_ahead(reads)
    return [
        *([f"  ahead     {ahead}"] if ahead else []),
        *(f"  corrupt   {file}" for file in corrupt_files(reads)[:20]),
    ]


def check_still(reads: Mapping[str, Any]) -> None:
    """Refuse an input whose local files changed since they were listed, because someone is still writing them.

    Raises:
        DataError: a file changed; the message names it.
    """
    for file in reads.get("files", ()):
        if not file["local"]:
            continue
        now = os.stat(file["path"]) if os.path.exists(file["path"]) else None
        if now is None or (now.st_size, now.st_mtime_ns) != (file["bytes"], file["changed"]):
            raise DataError(
                f"'{file['path']}' changed while it was read: it is still being written.",
                "Write files under a name that begins with `_` or `.`, rename them when complete, and score again.",
            )


def _new_files(source: Source, earlier: Sequence[Mapping[str, Any]], spark: SparkSession, plan: Plan) -> Table | None:
    known = {file["sha256"] for reads in earlier for file in reads.get("files", ())}
    if local_files(source) == ():
        return None
    new = tuple(file for file in files_of(source, spark) if file.size and file.content not in known)
    if not new:
        return None
    table = read_files(chosen(source, new), new, spark, plan.names)
    check_still(table.reads)
    return table


def _watermark(source: Source) -> Watermark | None:
    kind = declared_kind(source)
    return kind.incremental.watermark(source) if kind is not None and kind.incremental is not None else None


def _last(watermark: Watermark | None, earlier: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the last value of the watermark that earlier scorings of the same table reached."""
    marks = [reads["watermark"] for reads in earlier if "watermark" in reads]
    same = [mark["high"] for mark in marks if (mark["source"], mark["column"].strip(BLANKS)) == watermark]
    return same[-1] if same else None

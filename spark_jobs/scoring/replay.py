"""`score --replay`: check quarantined rows of a batch again, and score those that now pass."""

from __future__ import annotations

import json
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs import progress
from spark_jobs.checks import RowCheck, parse_checks
from spark_jobs.checks.row_validation import TIMES
from spark_jobs.errors import JobError, did_you_mean
from spark_jobs.plan import Plan
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.scoring.batch import Batch, batch_of
from spark_jobs.scoring.score_batch import Scored, score_batch, stored_plan
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec import Environment, Spec
from spark_jobs.tables.locks import locked
from spark_jobs.tables.quarantine import mark_replayed, quarantine_path, quarantined_batches, waiting_rows

_MALFORMED = "⟨malformed⟩"


def replay(spec: Spec, spark: SparkSession, env: Environment, version: ModelVersion, batch_id: str) -> Scored:
    """Score the quarantined rows of a batch that pass today's checks, as a batch of their own; the others stay.

    Args:
        spec: the spec, with today's checks.
        batch_id: the batch whose quarantined rows are checked again.

    Raises:
        JobError: the batch has no rows in quarantine, or another process changed the quarantine meanwhile.
    """
    with locked(env.root, f"replay-{spec.name}"), progress.phase("replay"):
        known = quarantined_batches(spark, env.root, spec.name)
        if batch_id not in known:
            shown = "The quarantine is empty." if not known else did_you_mean(batch_id, known)
            raise JobError(f"No row of the batch '{batch_id[:80]}' is in quarantine.", shown)
        waiting = waiting_rows(spark, env.root, spec.name, batch_id)
        rows = _read_again(waiting)
        count = waiting.count()
        place = quarantine_path(env.root, spec.name)
        if rows is None:
            return Scored(version, quarantined=count, quarantine=place)
        return _replayed(spec, spark, env, version, batch_id, rows, count)


def _replayed(
    spec: Spec, spark: SparkSession, env: Environment, version: ModelVersion, batch_id: str, rows: DataFrame, count: int
) -> Scored:
    batch = _checked(spec, stored_plan(version), rows, batch_id)
    ids = batch.good.select(F.col("_row_id").alias("_refused_id"))
    fixed = replace(batch, rows=batch.good.drop("_row_id", "_source"), checked=None)
    scored = score_batch(spec, spark, env, version, fixed)
    mark_replayed(ids, env.root, spec.name, batch_id, batch.batch_id)
    left = waiting_rows(spark, env.root, spec.name, batch_id).count()
    if scored.rows["scored"] + left != count:
        raise JobError(
            f"Of {count:,} quarantined rows, {scored.rows['scored']:,} are scored and {left:,} are left.",
            "Another process wrote to the quarantine table. Run the same command again.",
        )
    return replace(scored, quarantined=left, quarantine=quarantine_path(env.root, spec.name))


def _checked(spec: Spec, plan: Plan, rows: DataFrame, batch_id: str) -> Batch:
    """Return the rows as a batch with the row checks alone; batch checks applied to the batch the rows came from."""
    checks = zip(spec.checks, parse_checks(spec.checks), strict=True)
    alone = spec.model_copy(update={"checks": tuple(block for block, check in checks if isinstance(check, RowCheck))})
    content = F.sum(F.xxhash64(*[F.col(name) for name in ("_row_id", "_raw")]).cast("decimal(38,0)"))
    there = rows.agg(F.count(F.lit(1)), content).collect()[0]
    reading = Reading("quarantine", f"The quarantine of batch {batch_id}", {}, ())
    batch = batch_of(Table(rows.drop("_raw"), reading, f"{batch_id} {there[0]} {there[1]}"), plan, alone)
    batch.accept()
    return batch


def _read_again(waiting: DataFrame) -> DataFrame | None:
    """Return the quarantined rows as they were read, with `_row_id`, `_source` and `_raw`, or None if there are none.

    Malformed rows have no stored schema and stay in quarantine.
    """
    forms = sorted(row[0] for row in waiting.where("_form IS NOT NULL").select("_form").distinct().collect())
    parts = [_of_form(waiting.where(F.col("_form") == form), form) for form in forms]
    rows = parts[0] if parts else None
    for part in parts[1:]:
        rows = part if rows is None else rows.unionByName(part, allowMissingColumns=True)
    return rows


def _of_form(rows: DataFrame, form: str) -> DataFrame:
    schema = T.StructType.fromJson(json.loads(form))
    names = schema.fieldNames()
    whole = T.StructType([*schema.fields, T.StructField(_MALFORMED, T.StringType())])
    read = F.from_json("_raw", whole, {**TIMES, "columnNameOfCorruptRecord": _MALFORMED})
    inspected = rows.select(read.alias("_row"), "_refused_id", "_source", "_raw")
    there = inspected.where(F.col("_row").isNotNull() & F.col("_row").getField(_MALFORMED).isNull())
    cells = [F.col("_row").getField(name).alias(name) for name in names]
    return there.select(*cells, F.col("_refused_id").alias("_row_id"), "_source", "_raw")

"""maintain: compact the small files of a use case's tables and vacuum files that no recent version uses."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.jobs.result import Result
from spark_jobs.jobs.run_record import record_run
from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.spec import Environment, Spec
from spark_jobs.spec.retention import check_keep
from spark_jobs.tables import delta
from spark_jobs.tables import maintenance as upkeep
from spark_jobs.tables.ledger import TABLE as LEDGER
from spark_jobs.tables.locks import locked
from spark_jobs.tables.maintenance import MaintenanceResult


def run(
    spec: Spec,
    spark: SparkSession,
    env: Environment,
    dry_run: bool = False,
    keep: int | None = None,
    break_readers: bool = False,
) -> Result:
    """Compact and vacuum predictions, quarantine and ledger, one after the other, each under its write lock.

    Args:
        spec: The spec of the use case.
        spark: The session.
        env: The environment, whose root folder holds the tables.
        dry_run: Report what would be deleted and change nothing.
        keep: The retention period in days; None for the table's setting or 7 days.
        break_readers: Allow less than 7 days.

    Raises:
        SpecError: `keep` is less than 7 days and `break_readers` is false.
    """
    check_keep(keep, break_readers)
    if dry_run:
        return _result(spec, env, _all(spec, spark, env, keep, dry_run), dry_run)
    with record_run("maintain", spec, spark, env) as ledger:
        done = _all(spec, spark, env, keep, dry_run)
        ledger.entry = replace(ledger.entry, note="; ".join(_line(name, one) for name, one in done.items()))
    return _result(spec, env, done, dry_run)


def _all(
    spec: Spec, spark: SparkSession, env: Environment, keep: int | None, dry_run: bool
) -> dict[str, MaintenanceResult]:
    done: dict[str, MaintenanceResult] = {}
    for name in _names(spec):
        path = delta.table_path(env.root, name)
        if delta.exists(spark, path):
            with progress.phase(name), locked(env.root, f"table-{name}"):
                done[name] = (upkeep.dry_run if dry_run else upkeep.compact_and_vacuum)(spark, path, keep)
    return done


def _names(spec: Spec) -> tuple[str, ...]:
    return prediction_table(spec), f"{spec.name}_quarantine", LEDGER


def _result(spec: Spec, env: Environment, done: dict[str, MaintenanceResult], dry_run: bool) -> Result:
    absent = [name for name in _names(spec) if name not in done]
    places = {name: delta.table_path(env.root, name) for name in done}
    what = "what would be deleted" if dry_run else "its tables"
    return Result(
        job="maintain",
        tables=places if dry_run else {**places, LEDGER: delta.table_path(env.root, LEDGER)},
        seconds=progress.seconds(),
        extra={
            "maintained": {name: one.to_dict() for name, one in done.items()},
            **({"dry_run": True} if dry_run else {}),
            **({"absent": absent} if absent else {}),
        },
        summary=(
            f"{spec.name}: {what}.",
            *(f"  {_line(name, one, dry_run)}" for name, one in done.items()),
            *([f"  not created yet: {', '.join(absent)}"] if absent else []),
        ),
    )


def _line(name: str, one: MaintenanceResult, dry_run: bool = False) -> str:
    weight = "" if one.removed_bytes is None else f" of {one.removed_bytes:,} bytes"
    gone = f"{one.removed_files:,} old files{weight} {'would be ' if dry_run else ''}deleted"
    files = f"{one.files_before:,} files" + ("" if dry_run else f" became {one.files_after:,}")
    return f"{name}: {files}, {gone}"

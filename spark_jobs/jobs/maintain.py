"""maintain: compact the small files of a use case's tables and vacuum files that no recent version uses."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import SparkSession

from spark_jobs.jobs.run_record import record_run
from spark_jobs.results.maintenance import maintenance_line, maintenance_result
from spark_jobs.results.result import Result
from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.spec import Environment, Spec
from spark_jobs.spec.retention import check_keep
from spark_jobs.tables.ledger import TABLE as LEDGER
from spark_jobs.tables.maintenance import maintain_tables


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
    names = prediction_table(spec), f"{spec.name}_quarantine", LEDGER
    if dry_run:
        done = maintain_tables(spark, env.root, names, keep, change=False)
    else:
        with record_run("maintain", spec, spark, env) as ledger:
            done = maintain_tables(spark, env.root, names, keep)
            note = "; ".join(maintenance_line(name, one) for name, one in done.items())
            ledger.entry = replace(ledger.entry, note=note)
    return maintenance_result(spec, env, names, done, dry_run)

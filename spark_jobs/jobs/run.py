"""run: train, evaluate, promote through the gate, and score the source with the new champion."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.columns.names import UNREAD_KEY, col
from spark_jobs.errors import GateError
from spark_jobs.jobs import promote, train
from spark_jobs.jobs.model_search import search_facts
from spark_jobs.jobs.result import Result
from spark_jobs.jobs.run_record import record_run
from spark_jobs.jobs.summary import because, named_lines, promoted, training_lines
from spark_jobs.registry.gate import Promotion
from spark_jobs.scoring.batch import Batch, batch_id, batch_of
from spark_jobs.scoring.incremental import check_still
from spark_jobs.scoring.score_batch import Scored, prediction_table, score_batch, tables_of
from spark_jobs.spec import Environment, Spec
from spark_jobs.spec.checks import Changes
from spark_jobs.tables.locks import locked
from spark_jobs.tables.predictions import column_names
from spark_jobs.training.staging import staged_rows, tells_duplicates


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Train, apply the gate, promote, and score the source with the new champion.

    Raises:
        GateError: The challenger does not pass. It stays registered, and nothing is scored.
    """
    with locked(env.root, f"training-{spec.name}"):
        with record_run("run", spec, spark, env) as ledger:
            training = train.train(spec, spark, env)
            promotion = _promoted(spec, spark, env, training)
            batch, model = _batch(spec, spark, training), training.trained.pipeline
            scored = score_batch(spec, spark, env, promotion.version, batch, model=model)
            reads = training.prepared.inspected.table.reads
            check_still(reads)
            scored = replace(scored, names=column_names(spark, env.root, prediction_table(spec)))
            ledger.tell(training.version, {**training.done.rows, "scored": scored.rows["scored"]}, reads=reads)
        train.forget(training)
    return _result(spec, training, promotion, scored, ledger.place)


def _promoted(spec: Spec, spark: SparkSession, env: Environment, training: train.Training) -> Promotion:
    """Promote the challenger; remove the staged rows if the gate rejects it, since that training is complete."""
    try:
        return promote.decide(spec, spark, env)
    except GateError as error:
        train.forget(training)
        raise GateError(error.message, f"{error.advice} Inspect {training.version.bundle}.") from None


def _batch(spec: Spec, spark: SparkSession, training: train.Training) -> Batch:
    """Return the rows staged for training as a batch, so that the source is read only once.

    If the spec has checks, the source is read again, since quarantined rows keep their raw values.
    """
    inspected = training.prepared.inspected
    if spec.checks or spec.changes != Changes():
        return batch_of(inspected.table, training.done.plan, spec)
    table, names = inspected.table, list(inspected.types)
    rows = staged_rows(spark, training.folder / "rows", names)
    rows = rows.select(*[col(name) for name in rows.columns if name in (*names, UNREAD_KEY)])
    batch = Batch(rows, batch_id(table), table.reading.location, table.malformed, table.malformed_count)
    # Rows with the same key are duplicates whatever they hold; rows with the same features may differ in other columns.
    is_unique = training.prepared.is_unique or (False if spec.key and tells_duplicates(spec, inspected.types) else None)
    return replace(batch, is_unique=is_unique, records=training.prepared.counts["read"])


def _result(spec: Spec, training: train.Training, promotion: Promotion, scored: Scored, ledger: str) -> Result:
    done, version = training.done, promotion.version
    tables = tables_of(spec, scored, ledger)
    checked = ({"scoring": scored.rows} if scored.batch and scored.batch.checked else {}) | scored.extra
    return Result(
        job="run",
        run_id=training.version.run_id,
        model={"name": version.name, "version": version.version, "alias": "champion"},
        metrics=done.evaluation.metrics,
        rows={**done.rows, "scored": scored.rows["scored"]},
        cells=done.cells,
        tables=tables,
        bundle=str(version.bundle),
        left_out=done.plan.left_out,
        warnings=done.warnings,
        seconds=progress.seconds(),
        extra={**train.champion_metrics(done), **search_facts(done), **checked},
        summary=(
            promoted(spec.name, promotion),
            *because(promotion),
            *training_lines(done, training.version, training.tracking),
            f"  scored    {scored.rows['scored']:,} rows into {tables[prediction_table(spec)]}",
            *named_lines(scored.names),
            *scored.found.lines(),
        ),
    )

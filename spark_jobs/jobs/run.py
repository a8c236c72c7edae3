"""run: train, evaluate, promote through the gate, and score the source with the new champion."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import SparkSession

from spark_jobs.errors import GateError
from spark_jobs.jobs import promote, train
from spark_jobs.jobs.run_record import record_run
from spark_jobs.registry.gate import Promotion
from spark_jobs.results.result import Result
from spark_jobs.results.training import run_result
from spark_jobs.scoring.incremental import check_still
from spark_jobs.scoring.score_batch import prediction_table, score_batch
from spark_jobs.scoring.training_batch import training_batch
from spark_jobs.spec import Environment, Spec
from spark_jobs.tables.locks import locked
from spark_jobs.tables.predictions import column_names
from spark_jobs.training.run_folder import remove_run_folder


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Train, apply the gate, promote, and score the source with the new champion.

    Raises:
        GateError: The challenger does not pass. It stays registered, and nothing is scored.
    """
    with locked(env.root, f"training-{spec.name}"):
        with record_run("run", spec, spark, env) as ledger:
            training = train.train(spec, spark, env)
            promotion = _promoted(spec, spark, env, training)
            batch = training_batch(spec, spark, training.prepared, training.done.plan, training.folder)
            scored = score_batch(spec, spark, env, promotion.version, batch, model=training.trained.pipeline)
            reads = training.prepared.inspected.table.reads
            check_still(reads)
            scored = replace(scored, names=column_names(spark, env.root, prediction_table(spec)))
            ledger.tell(training.version, {**training.done.rows, "scored": scored.rows["scored"]}, reads=reads)
        remove_run_folder(training.folder)
    return run_result(training.done, promotion, training.tracking, scored, ledger.place)


def _promoted(spec: Spec, spark: SparkSession, env: Environment, training: train.Training) -> Promotion:
    """Promote the challenger; remove the staged rows if the gate rejects it, since that training is complete."""
    try:
        return promote.decide(spec, spark, env)
    except GateError as error:
        remove_run_folder(training.folder)
        raise GateError(error.message, f"{error.advice} Inspect {training.version.bundle}.") from None

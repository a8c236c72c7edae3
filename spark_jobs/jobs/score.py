"""score: write predictions for a table, by the champion or another version."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import SparkSession

from spark_jobs.jobs.run_record import record_run
from spark_jobs.registry.tracking import Tracking, preload
from spark_jobs.registry.versions import requested_version
from spark_jobs.results.result import Result
from spark_jobs.results.scoring import scoring_result
from spark_jobs.scoring.replay import replay as score_quarantined
from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.scoring.score_input import score_input
from spark_jobs.spec import Environment, Source, Spec
from spark_jobs.tables.predictions import column_names


def run(
    spec: Spec,
    spark: SparkSession,
    env: Environment,
    input: str | Source | None = None,
    version: int | None = None,
    rescore: bool = False,
    replay: str | None = None,
) -> Result:
    """Score an input, add its predictions to their table, and record the run in the ledger, also if it fails.

    Args:
        spec: The spec of the use case.
        spark: The session.
        env: The environment, whose root folder holds the tables.
        input: The path of the rows to score; default: the spec's source.
        version: The model version; default: the champion.
        rescore: Score rows again that this version has already scored.
        replay: The id of a batch: score its quarantined rows that now pass the checks, instead of an input.
    """
    preload(Tracking(spec.track.uri, env.root))
    with record_run("score", spec, spark, env) as ledger:
        model = requested_version(spec, env.root, version)
        if replay is not None:
            scored = score_quarantined(spec, spark, env, model, replay)
        else:
            scored = score_input(spec, spark, env, model, input, rescore)
        batch = scored.batch
        ledger.tell(scored.version, scored.rows, batch.batch_id if batch else None, batch.reads if batch else None)
        ledger.entry = replace(ledger.entry, written=scored.written.rows if scored.written else 0)
        scored = replace(scored, names=column_names(spark, env.root, prediction_table(spec)))
    return scoring_result(spec, scored, ledger.place)

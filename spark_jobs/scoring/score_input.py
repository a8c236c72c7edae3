"""Scoring of a table: read what is not scored yet, as one batch."""

from __future__ import annotations

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.scoring.batch import batch_of, input_source, is_empty_file
from spark_jobs.scoring.incremental import check_still, read_unread
from spark_jobs.scoring.score_batch import Scored, score_batch, stored_plan, training_domain_of
from spark_jobs.spec import Environment, Source, Spec


def score_input(
    spec: Spec,
    spark: SparkSession,
    env: Environment,
    version: ModelVersion,
    given: str | Source | None = None,
    rescore: bool = False,
) -> Scored:
    """Read an input, or the part of it that is not scored yet, and score it as one batch.

    Args:
        spec: The spec.
        spark: The session.
        env: The environment.
        version: The model version.
        given: The path of the input; default: the spec's source.
        rescore: Score rows again that this version has already scored.

    Raises:
        DataError: The input cannot be read, does not fit the model, fails a check, or changed while it was read.
    """
    source = input_source(spec, given, spark)
    if is_empty_file(source):
        return Scored(version)
    with progress.phase("reading"):
        plan = stored_plan(version)
        table = read_unread(source, spec, version, spark, env, plan, again=rescore)
        if table is None:
            return Scored(version)
        batch = batch_of(table, plan, spec, training_domain_of(version, plan))
    scored = score_batch(spec, spark, env, version, batch, rescore)
    check_still(batch.reads)
    return scored

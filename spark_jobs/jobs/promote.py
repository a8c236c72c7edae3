"""promote: make the challenger the champion if it passes the gate."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.jobs.run_record import record_run
from spark_jobs.registry.champion import compare_again
from spark_jobs.registry.gate import Promotion, promote_challenger
from spark_jobs.registry.tracking import Tracking
from spark_jobs.results.promotion import promotion_result
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec


def run(spec: Spec, spark: SparkSession, env: Environment, force: bool = False) -> Result:
    """Compare the challenger with the champion and move the alias; record the decision, or a refusal, in the ledger.

    Raises:
        GateError: The challenger does not pass and `force` is false.
    """
    with record_run("promote", spec, spark, env) as ledger:
        promotion = decide(spec, spark, env, force)
        version = promotion.version
        ledger.entry = replace(
            ledger.entry, run_id=version.run_id, model_version=version.version, note=_note(promotion)
        )
    return promotion_result(spec.name, promotion, ledger.place)


def decide(spec: Spec, spark: SparkSession, env: Environment, force: bool = False) -> Promotion:
    """Apply the gate and move the alias, without a ledger entry.

    Raises:
        GateError: The challenger does not pass and `force` is false.
    """
    with progress.phase("promoting"):
        tracking = Tracking(spec.track.uri, env.root)
        metric = next(iter(spec.evaluate.metrics), None)
        name, gate = spec.track.register_as or spec.name, spec.evaluate.gate
        return promote_challenger(tracking, name, metric, gate, partial(compare_again, spark, tracking), force)


def _note(promotion: Promotion) -> str:
    reasons = " ".join(promotion.reasons)
    return f"Promoted with --force although: {reasons}" if promotion.forced else reasons

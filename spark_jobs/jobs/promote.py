"""promote: the challenger becomes champion, if the gate agrees."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.bundle import load_manifest
from spark_jobs.data.ledger import Entry, record
from spark_jobs.errors import SparkJobsError
from spark_jobs.jobs.result import Result
from spark_jobs.registry.gate import Promotion, promote
from spark_jobs.registry.tracking import Tracking
from spark_jobs.spec import Environment, Spec


def run(spec: Spec, spark: SparkSession, env: Environment, force: bool = False) -> Result:
    """Compares the challenger with the champion and moves the alias; the ledger tells of it, of a refusal too."""
    began = datetime.now(UTC)
    try:
        promotion = decide(spec, env, force)
    except SparkJobsError as error:
        entry = Entry("promote", spec.name, began, datetime.now(UTC), error.status, error=error.message)
        record(spark, env.root, entry)
        raise
    with progress.phase("ledger"):
        ledger = record(spark, env.root, _entry(spec, promotion, began))
    return result(spec, promotion, ledger)


def decide(spec: Spec, env: Environment, force: bool = False) -> Promotion:
    """The promotion itself.

    Raises:
        GateError: the challenger does not pass.
    """
    with progress.phase("promoting"):
        tracking = Tracking(spec.track.uri, env.root)
        metric = next(iter(spec.evaluate.metrics), None)
        return promote(tracking, spec.track.register_as or spec.name, metric, spec.evaluate.gate, force)


def result(spec: Spec, promotion: Promotion, ledger: str) -> Result:
    """What `promote` hands back."""
    version = promotion.version
    before = f" (before: version {promotion.previous})" if promotion.moved and promotion.previous else ""
    forced = ("  forced    the gate had said no, which is written down in the ledger",) if promotion.forced else ()
    return Result(
        job="promote",
        run_id=version.run_id,
        model={"name": version.name, "version": version.version, "alias": "champion"},
        metrics=load_manifest(version.bundle).metrics,
        tables={"ledger": ledger},
        bundle=str(version.bundle),
        seconds=progress.seconds(),
        summary=(
            f"{spec.name}: version {version.version} of '{version.name}' is the champion{before}.",
            *(f"  because   {reason}" for reason in promotion.reasons),
            *forced,
        ),
    )


def _entry(spec: Spec, promotion: Promotion, began: datetime) -> Entry:
    reasons = " ".join(promotion.reasons)
    return Entry(
        job="promote",
        name=spec.name,
        started=began,
        ended=datetime.now(UTC),
        status="done",
        run_id=promotion.version.run_id,
        model_version=promotion.version.version,
        note=f"Promoted by force, though: {reasons}" if promotion.forced else reasons,
    )

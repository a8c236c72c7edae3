"""Scoring of one batch: every row ends in the predictions or in quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.bundle import GRAPH, load_manifest, verify_bundle
from spark_jobs.checks.report import CheckReport
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.columns.row_ids import rows_are_unique
from spark_jobs.errors import JobError
from spark_jobs.graph.score import graph_predictions, sending
from spark_jobs.pipeline.feature_pipeline import predictions
from spark_jobs.pipeline.persistence import load_pipeline
from spark_jobs.plan import Plan
from spark_jobs.profile.profile import Profile
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.scoring.batch import Batch, batch_id
from spark_jobs.sources.source_table import Table
from spark_jobs.spec import Environment, Spec
from spark_jobs.tables.delta import Txn
from spark_jobs.tables.prediction_rows import Destination
from spark_jobs.tables.predictions import Written, already_written, write_predictions
from spark_jobs.tables.quarantine import quarantine_path, quarantined_rows, write_quarantine


@dataclass(frozen=True)
class Scored:
    """The result of scoring a batch.

    Attributes:
        quarantined: rows in quarantine.
        quarantine: the path of the quarantine table, if it has rows of the batch.
        names: columns that the predictions keep under another name: the name there, by the name in the input.
    """

    version: ModelVersion
    batch: Batch | None = None
    written: Written | None = None
    quarantined: int = 0
    quarantine: str | None = None
    found: CheckReport = field(default_factory=CheckReport)
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        """Return the row counts: `read`, `scored`, `quarantined` and `duplicates`.

        `read` is the source's own count if it has one. `duplicates` are rows that the predictions held already.
        """
        scored = self.written.scored if self.written else 0
        known = self.written.duplicates if self.written else 0
        counted = self.batch.records if self.batch and self.written and self.written.outcome == "written" else None
        read = scored + self.quarantined if counted is None else counted
        return {"read": read, "scored": scored, "quarantined": self.quarantined, "duplicates": known}

    @property
    def cells(self) -> dict[str, int]:
        """Return the number of values that became null, by column."""
        counts = dict(self.found.lost)
        for name, count in self.written.lost.items() if self.written else ():
            counts[name] = counts.get(name, 0) + count
        return counts

    @property
    def extra(self) -> dict[str, object]:
        """Return the details beyond the row counts, for the job's JSON output."""
        batch = self.batch
        told = {"extra_columns": list(batch.extra), "skipped_checks": list(batch.skipped)} if batch else {}
        named = {"column_names": dict(self.names)}
        return {**{name: value for name, value in {**told, **named}.items() if value}, **self.found.extra()}


def score_batch(
    spec: Spec,
    spark: SparkSession,
    env: Environment,
    version: ModelVersion,
    batch: Batch,
    rescore: bool = False,
    model: PipelineModel | None = None,
) -> Scored:
    """Score a batch with the version's graph, and write the rows that fail a check to quarantine.

    A version without a graph is scored with its Spark pipeline.

    Args:
        rescore: write predictions again that an earlier run wrote.
        model: the version's pipeline, if it is loaded already.

    Raises:
        DataError: the batch fails a check of severity `fail`; nothing was written.
        JobError: the rows in the two tables do not add up to the rows that were read.
    """
    plan, target = stored_plan(version), target_of(spec, env, version, batch, rescore)
    with progress.phase("scoring"):
        there = already_written(spark, target)
        if there is not None:
            refused = _quarantined_before(spec, spark, env, batch)
            return Scored(version, batch, there, refused, _place(spec, env, refused))
        found = batch.accept()
        # Tested on the rows before the checks: on the checked rows, this would run the checks twice.
        is_unique = target.is_unique if batch.checked is None else rows_are_unique(batch.checked.typed, spec.key)
        written = _write(spark, plan, version, batch, replace(target, is_unique=is_unique), model)
        found = found or batch.found(seen=written.plain)
    with progress.phase("quarantine"):
        refused = found.refused + batch.malformed_count
        there_now = quarantine_batch(spec, env, batch) if refused else 0
    scored = Scored(version, batch, written, there_now, _place(spec, env, there_now), found)
    _balance(scored, found.rows + batch.malformed_count if batch.checked else None, refused)
    return scored


def _quarantined_before(spec: Spec, spark: SparkSession, env: Environment, batch: Batch) -> int:
    """Count the quarantined rows of a batch whose predictions exist; write them if an interrupted run did not."""
    if not batch.malformed_count and not (batch.checked and batch.checked.may_refuse):
        return 0
    there = quarantined_rows(spark, env.root, spec.name, batch.batch_id)
    return there or (quarantine_batch(spec, env, batch) if batch.refused_count() else 0)


def _place(spec: Spec, env: Environment, refused: int) -> str | None:
    return quarantine_path(env.root, spec.name) if refused else None


def _balance(scored: Scored, passed: int | None, refused: int) -> None:
    """Refuse a result in which rows are missing from both tables, or appear in both."""
    rows = scored.rows
    ended = rows["scored"] + rows["quarantined"]
    if {rows["read"], ended if passed is None else passed} != {ended} or scored.quarantined != refused:
        raise JobError(
            f"{rows['read']:,} rows were read and {refused:,} failed; {rows['scored']:,} are among the predictions "
            f"and {rows['quarantined']:,} in quarantine.",
            "The input changed while it was read, or another process wrote to a table. Score it again.",
        )


def quarantine_batch(spec: Spec, env: Environment, batch: Batch, once: Txn | None = None) -> int:
    """Write the rows of a batch that are not scored to quarantine, at most once, and return how many are there."""
    if batch.refused is None:
        return 0
    return write_quarantine(batch.refused, env.root, spec.name, batch.batch_id, once).rows


def quarantine_malformed(spec: Spec, env: Environment, table: Table) -> dict[str, str]:
    """Write the malformed rows of a table to quarantine, at most once.

    Returns:
        The location of the quarantine by its name; empty if the table has no malformed rows.
    """
    if table.malformed is None or not table.malformed_count:
        return {}
    with progress.phase("quarantine"):
        written = write_quarantine(table.malformed, env.root, spec.name, batch_id(table))
    return {f"{spec.name}_quarantine": written.location}


def _write(
    spark: SparkSession,
    plan: Plan,
    version: ModelVersion,
    batch: Batch,
    target: Destination,
    model: PipelineModel | None,
) -> Written:
    graph = version.bundle / GRAPH
    if graph.is_file():
        sentinel = load_manifest(version.bundle).null_sentinel
        scored = graph_predictions(
            graph.read_bytes(), plan, batch.rows, sentinel, batch.keep_valid, batch.training_domain
        )
        with sending(spark, plan, batch.training_domain):
            return write_predictions(scored, target)
    model = model or load_pipeline(version.bundle / "pipeline", spark)
    return write_predictions(predictions(model, plan.problem, batch.good), target)


def stored_plan(version: ModelVersion) -> Plan:
    """Return the plan of a version, after verifying every file of its bundle.

    Raises:
        JobError: a file of the bundle differs from what training wrote.
    """
    verify_bundle(version.bundle)
    return Plan.from_json((version.bundle / "plan.json").read_text(encoding="utf-8"))


def training_domain_of(version: ModelVersion, plan: Plan) -> TrainingDomain:
    """Return the training domain of the columns that the version reads."""
    stored = version.bundle / "profile.json"
    return TrainingDomain.of(Profile.read(stored), [plan.type_of(name) for name in plan.used])


def tables_of(spec: Spec, scored: Scored, ledger: str) -> dict[str, str]:
    """Return the paths of the tables that a scoring wrote, by table name."""
    written = {prediction_table(spec): scored.written.location} if scored.written else {}
    malformed = {f"{spec.name}_quarantine": scored.quarantine} if scored.quarantine else {}
    return {"ledger": ledger, **written, **malformed}


def prediction_table(spec: Spec) -> str:
    """Return the name of the predictions table."""
    return spec.predictions.table or f"{spec.name}_predictions"


def target_of(spec: Spec, env: Environment, version: ModelVersion, batch: Batch, rescore: bool = False) -> Destination:
    """Return where the predictions of a batch go, and the model and batch they belong to."""
    return Destination(
        root=env.root,
        table=prediction_table(spec),
        model=version.name,
        version=version.version,
        run_id=version.run_id,
        batch_id=batch.batch_id,
        key=spec.key,
        keep=spec.predictions.keep,
        partition_by=spec.predictions.partition_by,
        names=spec.predictions.names,
        rescore=rescore,
        is_unique=batch.is_unique,
    )

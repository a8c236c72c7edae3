"""score: a table → its predictions, by the champion or another version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.bundle import GRAPH, load_manifest, verify
from spark_jobs.data.delta import Once, table_path
from spark_jobs.data.predictions import Target, Written, already_written, write_predictions
from spark_jobs.data.quarantine import write_quarantine
from spark_jobs.fitted import predictions
from spark_jobs.graph.score import graph_predictions, sending
from spark_jobs.jobs.account import keeping_ledger
from spark_jobs.jobs.batch import Batch, input_source, is_empty_file, read_batch
from spark_jobs.jobs.result import Result
from spark_jobs.persistence import load_pipeline
from spark_jobs.plan import Plan
from spark_jobs.registry.tracking import Tracking, warm
from spark_jobs.registry.versions import ModelVersion, resolve
from spark_jobs.spec import Environment, Spec


@dataclass(frozen=True)
class Scored:
    """What a scoring came to."""

    version: ModelVersion
    batch: Batch | None = None
    written: Written | None = None
    quarantine: str | None = None
    cells: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        """Rows by fate: those read were scored or quarantined; duplicates are those that were there already."""
        scored = self.written.scored if self.written else 0
        torn = self.batch.malformed_count if self.batch else 0
        known = self.written.duplicates if self.written else 0
        return {"read": scored + torn, "scored": scored, "quarantined": torn, "duplicates": known}


def run(
    spec: Spec,
    spark: SparkSession,
    env: Environment,
    input: str | None = None,
    version: int | None = None,
    rescore: bool = False,
) -> Result:
    """Scores an input and adds the predictions to their table; the ledger tells of it, also where it failed."""
    warm(Tracking(spec.track.uri, env.root))
    with keeping_ledger("score", spec, spark, env) as ledger:
        scored = _score(spec, spark, env, input, version, rescore)
        ledger.tell(scored.version, scored.rows, scored.batch.batch_id if scored.batch else None)
        ledger.entry = replace(ledger.entry, written=scored.written.rows if scored.written else 0)
    return result(spec, scored, ledger.place)


def score_batch(
    spec: Spec,
    spark: SparkSession,
    env: Environment,
    version: ModelVersion,
    batch: Batch,
    rescore: bool = False,
    model: PipelineModel | None = None,
) -> Scored:
    """Scores rows that were read already through the version's graph, and puts the torn ones in quarantine.

    A version without a graph is scored by its pipeline: `model`, where it is at hand.
    """
    plan, target = stored_plan(version), target_of(spec, env, version, batch, rescore)
    with progress.phase("scoring"):
        written = already_written(spark, target) or _write(spark, plan, version, batch, target, model)
    cells = _cells(batch, written)
    place = None
    if batch.malformed is not None and batch.malformed_count:
        with progress.phase("quarantine"):
            place = write_quarantine(batch.malformed, env.root, spec.name, batch.batch_id).location
    return Scored(version, batch, written, place, cells)


def quarantine_batch(spec: Spec, env: Environment, batch: Batch, once: Once | None = None) -> int:
    """Puts the rows of a batch that are not scored into quarantine, one time at most; says how many are there."""
    if batch.refused is None:
        return 0
    return write_quarantine(batch.refused, env.root, spec.name, batch.batch_id, once).rows


def _write(
    spark: SparkSession, plan: Plan, version: ModelVersion, batch: Batch, target: Target, model: PipelineModel | None
) -> Written:
    graph = version.bundle / GRAPH
    if graph.is_file():
        scored = graph_predictions(graph.read_bytes(), plan, batch.rows, load_manifest(version.bundle).null_sentinel)
        with sending(spark, plan):
            return write_predictions(scored, target)
    model = model or load_pipeline(version.bundle / "pipeline", spark)
    return write_predictions(predictions(model, plan.problem, batch.rows), target)


def _cells(batch: Batch, written: Written) -> dict[str, int]:
    """Values that became null, by column; none where the batch was in the table and nothing was read."""
    if written.outcome == "skipped_duplicate":
        return {}
    lost = batch.lost
    found = {} if lost is None else lost.observed() if written.plain else lost.counted()
    for name, count in written.lost.items():
        found[name] = found.get(name, 0) + count
    return {name: count for name, count in found.items() if count}


def stored_plan(version: ModelVersion) -> Plan:
    """The plan of a version, its bundle checked file by file.

    Raises:
        JobError: the bundle is not what was written.
    """
    verify(version.bundle)
    return Plan.from_json((version.bundle / "plan.json").read_text(encoding="utf-8"))


def result(spec: Spec, scored: Scored, ledger: str) -> Result:
    """What `score` hands back."""
    version = scored.version
    return Result(
        job="score",
        run_id=version.run_id,
        model={"name": version.name, "version": version.version, "alias": _alias(version)},
        rows=scored.rows,
        cells=scored.cells,
        tables=tables_of(spec, scored, ledger),
        bundle=str(version.bundle),
        seconds=progress.seconds(),
        extra={"extra_columns": list(scored.batch.extra)} if scored.batch and scored.batch.extra else {},
        summary=_summary(spec, scored),
    )


def tables_of(spec: Spec, scored: Scored, ledger: str) -> dict[str, str]:
    """Where the tables are that a scoring wrote, by their names."""
    written = {prediction_table(spec): scored.written.location} if scored.written else {}
    torn = {f"{spec.name}_quarantine": scored.quarantine} if scored.quarantine else {}
    return {"ledger": ledger, **written, **torn}


def prediction_table(spec: Spec) -> str:
    """The name of the table that predictions go to."""
    return spec.predictions.table or f"{spec.name}_predictions"


def _score(
    spec: Spec, spark: SparkSession, env: Environment, path: str | None, number: int | None, rescore: bool
) -> Scored:
    table_path(env.root, prediction_table(spec))  # a name that cannot be is refused before anything is read
    with progress.phase("finding the model"):
        name = spec.track.register_as or spec.name
        version = resolve(Tracking(spec.track.uri, env.root), name, "champion" if number is None else number)
    source = input_source(spec, path, spark)
    if is_empty_file(source):
        return Scored(version)
    with progress.phase("reading"):
        batch = read_batch(source, stored_plan(version), spark, spec)
    return score_batch(spec, spark, env, version, batch, rescore)


def target_of(spec: Spec, env: Environment, version: ModelVersion, batch: Batch, rescore: bool = False) -> Target:
    """Where the predictions of a batch go, and what they are of."""
    return Target(
        root=env.root,
        table=prediction_table(spec),
        model=version.name,
        version=version.version,
        run_id=version.run_id,
        batch_id=batch.batch_id,
        key=spec.key,
        keep=spec.predictions.keep,
        rescore=rescore,
        unlike=batch.unlike,
    )


def _alias(version: ModelVersion) -> str | None:
    return next((alias for alias in ("champion", "challenger") if alias in version.aliases), None)


def _summary(spec: Spec, scored: Scored) -> tuple[str, ...]:
    rows, written = scored.rows, scored.written
    lines = [f"{spec.name}: {rows['scored']:,} rows scored by version {scored.version.version}."]
    if not rows["read"]:
        lines.append("  nothing   the input holds no rows")
    if rows["duplicates"]:
        lines.append(f"  known     {rows['duplicates']:,} rows were in the table already")
    if rows["quarantined"]:
        lines.append(f"  torn      {rows['quarantined']:,} rows are in quarantine: {scored.quarantine}")
    if scored.cells:
        lines.append("  became null  " + ", ".join(f"{name} {count:,}" for name, count in scored.cells.items()))
    if scored.batch and scored.batch.extra:
        lines.append("  extra     columns that training did not know: " + ", ".join(scored.batch.extra[:12]))
    if written:
        lines.append(f"  table     {written.location}")
    return tuple(lines)

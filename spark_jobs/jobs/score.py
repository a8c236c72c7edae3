"""score: write predictions for a table, by the champion or another version."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.errors import format_list
from spark_jobs.jobs.result import Result
from spark_jobs.jobs.run_record import record_run
from spark_jobs.jobs.summary import named_lines
from spark_jobs.registry.tracking import Tracking, preload
from spark_jobs.registry.versions import ModelVersion, resolve_version
from spark_jobs.scoring.batch import batch_of, input_source, is_empty_file
from spark_jobs.scoring.incremental import check_still, read_unread, reading_lines
from spark_jobs.scoring.replay import replay as replayed
from spark_jobs.scoring.score_batch import (
    Scored,
    prediction_table,
    score_batch,
    stored_plan,
    tables_of,
    training_domain_of,
)
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
        if replay is not None:
            scored = replayed(spec, spark, env, _version(spec, env, version), replay)
        else:
            scored = _score(spec, spark, env, input, version, rescore)
        batch = scored.batch
        ledger.tell(scored.version, scored.rows, batch.batch_id if batch else None, batch.reads if batch else None)
        ledger.entry = replace(ledger.entry, written=scored.written.rows if scored.written else 0)
        scored = replace(scored, names=column_names(spark, env.root, prediction_table(spec)))
    return result(spec, scored, ledger.place)


def result(spec: Spec, scored: Scored, ledger: str) -> Result:
    """Return the result of `score`."""
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
        extra=scored.extra,
        summary=_summary(spec, scored),
    )


def _version(spec: Spec, env: Environment, number: int | None) -> ModelVersion:
    with progress.phase("finding the model"):
        name = spec.track.register_as or spec.name
        return resolve_version(Tracking(spec.track.uri, env.root), name, "champion" if number is None else number)


def _score(
    spec: Spec, spark: SparkSession, env: Environment, path: str | Source | None, number: int | None, rescore: bool
) -> Scored:
    version = _version(spec, env, number)
    source = input_source(spec, path, spark)
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


def _alias(version: ModelVersion) -> str | None:
    return next((alias for alias in ("champion", "challenger") if alias in version.aliases), None)


def _summary(spec: Spec, scored: Scored) -> tuple[str, ...]:
    rows, written = scored.rows, scored.written
    lines = [f"{spec.name}: {rows['scored']:,} rows scored by version {scored.version.version}."]
    if not rows["read"]:
        lines.append("  nothing   the input has no rows")
    if rows["duplicates"]:
        lines.append(f"  known     {rows['duplicates']:,} rows were already in the table")
    if rows["quarantined"]:
        lines.append(f"  refused   {rows['quarantined']:,} rows are in quarantine: {scored.quarantine}")
    lines += scored.found.lines()
    if scored.batch and scored.batch.skipped:
        lines.append("  checks skipped, since the target is absent: " + "; ".join(scored.batch.skipped))
    if scored.cells:
        lines.append("  became null  " + ", ".join(f"{name} {count:,}" for name, count in scored.cells.items()))
    lines += named_lines(scored.names)
    lines += reading_lines(scored.batch.reads) if scored.batch else []
    if scored.batch and scored.batch.extra:
        lines.append("  extra     columns that the training data did not have: " + format_list(scored.batch.extra, 12))
    if written:
        lines.append(f"  table     {written.location}")
    return tuple(lines)

"""The result of `score`."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs import progress
from spark_jobs.errors import format_list
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.results.result import Result
from spark_jobs.scoring.incremental import reading_lines
from spark_jobs.scoring.score_batch import Scored, tables_of
from spark_jobs.spec import Spec

_SHOWN = 12


def scoring_result(spec: Spec, scored: Scored, ledger: str) -> Result:
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


def renaming_lines(names: Mapping[str, str]) -> list[str]:
    """Return the line that maps columns to their names in the table, if any differ."""
    shown = [f"'{name}' as {stored}" for name, stored in names.items()]
    return [f"  names     the table stores {format_list(shown, _SHOWN)}"] if shown else []


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
    lines += renaming_lines(scored.names)
    lines += reading_lines(scored.batch.reads) if scored.batch else []
    if scored.batch and scored.batch.extra:
        lines.append("  extra     columns that the training data did not have: " + format_list(scored.batch.extra))
    if written:
        lines.append(f"  table     {written.location}")
    return tuple(lines)

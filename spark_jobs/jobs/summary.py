"""The lines that a job prints at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from shlex import quote

from spark_jobs.jobs.check import made_name
from spark_jobs.plan import Decision, Plan
from spark_jobs.registry.gate import Comparison, Promotion
from spark_jobs.registry.mlflow_names import as_text
from spark_jobs.registry.publish import TrainingArtifacts
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.training.search_result import SearchResult

_SHOWN = 12
_LEADERS = 5
_HEAD = ("task", "split", "model", "tuning", "settings")


def training_summary(done: TrainingArtifacts, version: ModelVersion, tracking: Tracking) -> tuple[str, ...]:
    """Return the summary of a training: the new challenger's version, then `training_lines`."""
    headline = f"{done.spec.name}: version {version.version} of '{version.name}' is the challenger."
    return headline, *training_lines(done, version, tracking)


def training_lines(done: TrainingArtifacts, version: ModelVersion, tracking: Tracking) -> tuple[str, ...]:
    """Return the lines for rows, decisions, metrics, warnings, and the locations of report and run."""
    return (
        *made_name(done.spec),
        f"  rows      {counted(done.rows)}",
        *([f"  became null  {counted(done.cells)}"] if done.cells else []),
        *(f"  {line}" for line in decided(done.plan)),
        *_leaders(done.search),
        f"  metrics   {measured(done.evaluation.metrics)}",
        *_compared(done.champion),
        *warned(done.warnings),
        *([f"  report    {report}"] if (report := version.bundle / "report.html").is_file() else []),
        f"  run       {version.run_id}",
        *mlflow_commands(tracking),
    )


def _leaders(search: SearchResult | None) -> list[str]:
    """Return a line for each of the best trials of a search."""
    if search is None:
        return []
    lines = [
        f"  {'best' if place == 0 else '':<9} {one.kind:<13} {search.metric} {one.score:.5g} ± {one.spread:.2g}"
        for place, one in enumerate(search.leaderboard[:_LEADERS])
    ]
    return [*lines, *_more(len(search.trials) - _LEADERS, "trials")]


def mlflow_commands(tracking: Tracking) -> list[str]:
    """Return the shell commands that point MLflow to the tracking store and open its UI."""
    address = tracking.address
    if "@" in address:  # may contain a password
        return []
    lines = [f"  mlflow    export MLFLOW_TRACKING_URI={quote(address)}"]
    if not address.startswith(("http:", "https:", "databricks")):  # these servers have their own UI
        lines.append('            mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"')
    return lines


def promoted(name: str, promotion: Promotion) -> str:
    """Return the line that names the champion, and its predecessor if it changed."""
    version = promotion.version
    before = f" (before: version {promotion.previous})" if promotion.moved and promotion.previous else ""
    return f"{name}: version {version.version} of '{version.name}' is the champion{before}."


def because(promotion: Promotion) -> tuple[str, ...]:
    """Return a line for each reason of a promotion."""
    forced = ("  forced    the gate rejected it; the ledger records this",) if promotion.forced else ()
    return *(f"  because   {reason}" for reason in promotion.reasons), *forced


def warned(warnings: Iterable[str]) -> list[str]:
    """Return a line for each warning."""
    return [f"  warning   {sentence}" for sentence in warnings]


def named_lines(names: Mapping[str, str]) -> list[str]:
    """Return the line that maps columns to their names in the table, if any differ."""
    shown = [f"'{name}' as {stored}" for name, stored in names.items()]
    return [f"  names     the table stores {as_text(shown, _SHOWN)}"] if shown else []


def counted(rows: Mapping[str, int]) -> str:
    """Return the nonzero counts as one comma-separated text."""
    return ", ".join(f"{name} {count:,}" for name, count in rows.items() if count)


def measured(metrics: Mapping[str, float]) -> str:
    """Return the metrics as one text, with four significant digits."""
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())


def decided(plan: Plan) -> list[str]:
    """Return the plan in a few lines: task, split, model, inputs, and the unused columns with their reasons."""
    head = [_line(decision) for decision in plan.decisions if decision.subject in _HEAD]
    lines = [f"left out  {name}: {reason}" for name, reason in list(plan.left_out.items())[:_SHOWN]]
    more = len(plan.left_out) - _SHOWN
    return [*head, f"inputs    {len(plan.inputs)} from {len(plan.used)} columns", *lines, *_more(more, "columns")]


def _compared(champion: Comparison | None) -> list[str]:
    if champion is None or champion.error:
        return []
    return [f"  champion  {measured(champion.metrics)} (version {champion.version}, on the same test rows)"]


def _line(decision: Decision) -> str:
    return f"{decision.subject:<9} {decision.choice} ({decision.reason})"


def _more(count: int, what: str) -> list[str]:
    return [f"          … and {count} more {what}"] if count > 0 else []

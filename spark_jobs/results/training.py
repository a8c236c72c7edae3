"""The results of `train` and `run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from shlex import quote

from spark_jobs import progress
from spark_jobs.bundle import REPORT
from spark_jobs.formatting import format_metrics
from spark_jobs.plan import Decision, Plan
from spark_jobs.registry.artifacts import TrainingArtifacts
from spark_jobs.registry.gate import Comparison, Promotion
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.results.lines import counted, made_name, nulled, warned
from spark_jobs.results.promotion import because, promoted
from spark_jobs.results.result import Result
from spark_jobs.results.scoring import refused_lines, renaming_lines
from spark_jobs.scoring.score_batch import Scored, prediction_table, tables_of
from spark_jobs.training.search_result import SearchResult
from spark_jobs.tuning.leaderboard import score_text

_SHOWN = 12
_BOARD = 10  # trials of the leaderboard in the JSON
_LEADERS = 5  # and in the summary
_HEAD = ("task", "split", "model", "tuning", "settings")


def training_result(
    done: TrainingArtifacts, version: ModelVersion, tracking: Tracking, tables: Mapping[str, str]
) -> Result:
    """Return the result of `train`.

    Args:
        done: The results of the training.
        version: The registered challenger.
        tracking: The tracking store.
        tables: The tables that the job wrote, with their locations.
    """
    headline = f"{done.spec.name}: version {version.version} of '{version.name}' is the challenger."
    return Result(
        job="train",
        run_id=version.run_id,
        model={"name": version.name, "version": version.version, "alias": "challenger"},
        metrics=done.evaluation.metrics,
        rows=done.rows,
        cells=done.cells,
        tables=tables,
        bundle=str(version.bundle),
        left_out=done.plan.left_out,
        warnings=done.warnings,
        seconds=progress.seconds(),
        extra={**_champion_metrics(done), **_search_facts(done.search)},
        summary=(headline, *_training_lines(done, version, tracking)),
    )


def run_result(
    done: TrainingArtifacts, promotion: Promotion, tracking: Tracking, scored: Scored, ledger: str
) -> Result:
    """Return the result of `run`: that of the training, with the promotion and the scoring."""
    spec, version = done.spec, promotion.version
    tables = tables_of(spec, scored, ledger)
    trained = training_result(done, version, tracking, tables)
    checked = {"scoring": scored.rows} if scored.batch and scored.batch.checked else {}
    return replace(
        trained,
        job="run",
        model={"name": version.name, "version": version.version, "alias": "champion"},
        rows={**done.rows, "scored": scored.rows["scored"]},
        extra={**trained.extra, **checked, **scored.extra},
        summary=(
            promoted(spec.name, promotion),
            *because(promotion),
            *trained.summary[1:],
            f"  scored    {scored.rows['scored']:,} rows into {tables[prediction_table(spec)]}",
            *refused_lines(scored),
            *renaming_lines(scored.names),
            *scored.found.lines(),
        ),
    )


def _champion_metrics(done: TrainingArtifacts) -> dict[str, object]:
    """Return the champion's metrics on the same test rows, if there is a champion."""
    champion = done.champion
    return {"champion": {"version": champion.version, "metrics": champion.metrics}} if champion else {}


def _training_lines(done: TrainingArtifacts, version: ModelVersion, tracking: Tracking) -> tuple[str, ...]:
    """Return the lines for rows, decisions, metrics, warnings, and the locations of report and run."""
    return (
        *made_name(done.spec),
        f"  rows      {counted(done.rows)}",
        *nulled(done.cells),
        *(f"  {line}" for line in _decided(done.plan)),
        *_leaders(done.search),
        f"  metrics   {format_metrics(done.evaluation.metrics)}",
        *_compared(done.champion),
        *warned(done.warnings),
        *([f"  report    {report}"] if (report := version.bundle / REPORT).is_file() else []),
        f"  run       {version.run_id}",
        *_mlflow_commands(tracking),
    )


def _search_facts(search: SearchResult | None) -> dict[str, object]:
    """Return the winner and the leaderboard of a search, if there was one."""
    if search is None:
        return {}
    best = search.best
    board = [{"model": one.kind, search.metric: one.score, "settings": one.settings} for one in search.leaderboard]
    facts = {"model": best.kind, "params": {**best.settings, **best.settled}, "metric": search.metric}
    return {"tuning": {**facts, "score": best.score, "trials": len(search.trials), "leaderboard": board[:_BOARD]}}


def _leaders(search: SearchResult | None) -> list[str]:
    """Return a line for each of the best trials of a search."""
    if search is None:
        return []
    best = search.leaderboard[:_LEADERS]
    named = [f"{one.kind:<13} {search.metric} {score_text(one)}" for one in best]
    lines = [f"  {'' if place else 'best':<9} {name}" for place, name in enumerate(named)]
    return [*lines, *_more(len(search.trials) - _LEADERS, "trials")]


def _mlflow_commands(tracking: Tracking) -> list[str]:
    """Return the shell commands that point MLflow to the tracking store and open its UI."""
    address = tracking.address
    if "@" in address:  # may contain a password
        return []
    lines = [f"  mlflow    export MLFLOW_TRACKING_URI={quote(address)}"]
    if not address.startswith(("http:", "https:", "databricks")):  # these servers have their own UI
        lines.append('            mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI"')
    return lines


def _decided(plan: Plan) -> list[str]:
    """Return the plan in a few lines: task, split, model, inputs, and the unused columns with their reasons."""
    head = [_line(decision) for decision in plan.decisions if decision.subject in _HEAD]
    lines = [f"left out  {name}: {reason}" for name, reason in list(plan.left_out.items())[:_SHOWN]]
    more = len(plan.left_out) - _SHOWN
    return [*head, f"inputs    {len(plan.inputs)} from {len(plan.used)} columns", *lines, *_more(more, "columns")]


def _compared(champion: Comparison | None) -> list[str]:
    if champion is None or champion.error:
        return []
    return [f"  champion  {format_metrics(champion.metrics)} (version {champion.version}, on the same test rows)"]


def _line(decision: Decision) -> str:
    return f"{decision.subject:<9} {decision.choice} ({decision.reason})"


def _more(count: int, what: str) -> list[str]:
    return [f"          … and {count} more {what}"] if count > 0 else []

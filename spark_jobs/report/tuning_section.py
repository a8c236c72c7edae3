"""The section of the report on the search for the best model."""

from __future__ import annotations

from typing import Any

from spark_jobs.formatting import format_count, format_duration, format_number, format_percent
from spark_jobs.models import find
from spark_jobs.report.context import ReportContext
from spark_jobs.report.formatting import format_metric_name
from spark_jobs.report.html import Html, join, long_table, table, tag
from spark_jobs.training.search_result import SearchResult, TrialRecord, describe_settings, is_far_worse

_SHOWN = 15


def render_tuning(context: ReportContext) -> Html:
    """Return the choice in words, its metric on each part of the rows, the leaderboard and the setting importances."""
    search = context.search
    if search is None:
        return Html("")
    tested = context.evaluation.metrics.get(search.metric)
    return join([tag("p", search.reason), _parts(search, tested), *_leaderboard(search), *_importances(search)])


def _parts(search: SearchResult, tested: float | None) -> Html:
    """Return the winner's metric on training, validation and test rows side by side."""
    best = search.best
    validation = f"{format_number(best.score)} ± {format_number(best.spread)}"
    row = (format_metric_name(search.metric), format_number(best.training), validation, format_number(tested))
    head = ("Metric", "Training rows of the folds", "Validation rows of the folds", "Test rows")
    far = tested is not None and is_far_worse(search, tested)
    text = "The test score is far below validation: the test rows may differ from the training rows."
    return join([table(head, [row], (1, 2, 3)), tag("p", text, class_="warn") if far else ""])


def _leaderboard(search: SearchResult) -> list[Html]:
    head = ("Trial", "Algorithm", format_metric_name(search.metric), "± over folds", "Training", "Duration", "Settings")
    rows = [_row(one) for one in search.leaderboard]
    ended = [one for one in search.trials if one.state in ("failed", "screened out")]
    others = [(str(one.number + 1), find(one.kind).title, one.state, one.cause) for one in ended]
    title = f"Leaderboard of {format_count(len(search.trials), 'trial')} in {format_duration(search.seconds)}"
    board = [tag("h3", title), long_table(head, rows, (0, 2, 3, 4, 5), _SHOWN, "trials")]
    lost = long_table(("Trial", "Algorithm", "State", "Cause"), others, (0,), _SHOWN, "trials")
    left = [tag("p", f"Not tried: {find(kind).title}, {reason}.") for kind, reason in search.left_out.items()]
    return [*board, *([tag("h3", "Other trials"), lost] if others else []), *left]


def _row(one: TrialRecord) -> tuple[Any, ...]:
    scores = (format_number(one.score), format_number(one.spread), format_number(one.training))
    settings = describe_settings(one.settings)
    return (str(one.number + 1), find(one.kind).title, *scores, format_duration(one.seconds), settings)


def _importances(search: SearchResult) -> list[Html]:
    found = sorted(search.importances.items(), key=lambda item: -item[1])
    if not found:
        return []
    rows = [(name, format_percent(share, 1.0)) for name, share in found]
    return [tag("h3", "Importance of the settings"), table(("Setting", "Share of the variation"), rows, (1,))]

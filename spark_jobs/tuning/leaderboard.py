"""The leaderboard of a search in words: lines for the terminal, and the reason for the winner."""

from __future__ import annotations

from collections.abc import Sequence

from spark_jobs import progress
from spark_jobs.formatting import format_duration, format_number
from spark_jobs.models import find
from spark_jobs.training.search_result import TrialRecord, ranked

_SHOWN = 3
_MEASURABLE = 20_000  # rows, below which the duration of a fit says nothing about larger tables


def score_text(record: TrialRecord) -> str:
    """Return the score of a trial as text."""
    return "" if record.score is None else f"{format_number(record.score, 5)} ± {format_number(record.spread, 2)}"


def show_trial(record: TrialRecord, metric: str, is_best: bool) -> None:
    """Write a line for a trial that failed, or is the best so far; a search may have hundreds of others."""
    if not is_best and record.state != "failed":
        return
    said = f"{metric} {score_text(record)}" if record.score is not None else f"{record.state}: {record.cause}"
    best = "  best so far" if is_best else ""
    progress.note(f"  trial {record.number + 1:<4} {record.kind:<13} {said}  {format_duration(record.seconds)}{best}")


def show_standing(records: Sequence[TrialRecord], metric: str, trials: int | None, left: float | None) -> None:
    """Show the number of trials, the best ones and the time left next to the live phase."""
    ended = sum(one.state != "running" for one in records)
    count = f"{ended} of {trials} trials" if trials else f"{ended} trials"
    top = "; ".join(f"{one.kind} {format_number(one.score, 5)}" for one in ranked(list(records), metric)[:_SHOWN])
    best = f", best {metric}: {top}" if top else ""
    clock = f", {format_duration(left)} left" if left is not None else ""
    progress.detail(f"{count}{best}{clock}")


def best_of_each(records: Sequence[TrialRecord], metric: str) -> list[TrialRecord]:
    """Return the best trial of each algorithm, the best first."""
    found: dict[str, TrialRecord] = {}
    for one in ranked(list(records), metric):
        found.setdefault(one.kind, one)
    return list(found.values())


def reason(records: Sequence[TrialRecord], metric: str, rows: int) -> str:
    """Return why the winner won: the metric of the best trial of each algorithm, and what its fits cost more.

    Args:
        records: The trials.
        metric: The metric.
        rows: The number of rows that a trial was fitted on.
    """
    first, *others = best_of_each(records, metric)
    ended = [one for one in records if one.state != "running"]
    said = "".join(f", {find(one.kind).title} {format_number(one.score)}" for one in others)
    text = f"{find(first.kind).title}: {metric} {format_number(first.score)}{said}"
    if others and rows >= _MEASURABLE:
        slower = (first.seconds - others[0].seconds) * 1e6 / max(rows, 1)
        text += f"; {abs(slower):.0f} s {'slower' if slower > 0 else 'faster'} per million rows"
    return f"{text} (best of {len(ended)} trials)"

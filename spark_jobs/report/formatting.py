"""Numbers, shares, dates and names as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from spark_jobs.features import PARTS, CategoryInput, Input, part_name
from spark_jobs.formatting import format_number
from spark_jobs.plan import Plan
from spark_jobs.profile.profile import ColumnProfile

METRICS: Mapping[str, str] = {
    "rmse": "RMSE",
    "mse": "MSE",
    "mae": "MAE",
    "r2": "R²",
    "mape": "MAPE",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "f1": "F1",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "log_loss": "Log loss",
    "brier": "Brier score",
}
Formatter = Callable[[float], str]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # as the features count them, from 0
NO_PARTS: Mapping[str, str] = {}


def shorten(text: str, length: int = 32) -> str:
    """Shorten a text to `length` characters by leaving out its middle; the ends tell names apart.

    >>> shorten("a_very_long_column_name", 11)
    'a_ver…_name'
    """
    shown = "".join(sign if sign.isprintable() else "·" for sign in " ".join(text.split())) or repr(text)
    if len(shown) <= length:
        return shown
    tail = (length - 1) // 2
    return f"{shown[: length - 1 - tail]}…{shown[len(shown) - tail :]}"


def format_metric_name(name: str) -> str:
    """Return the written form of a metric, such as "ROC AUC" for `roc_auc`."""
    return METRICS.get(name, name)


def format_date(seconds: float, with_time: bool = False) -> str:
    """Format seconds since 1970-01-01 UTC as a date, or as a date and time; years outside 1 to 9999 stay numbers.

    >>> format_date(0), format_date(1_300_000_000, with_time=True)
    ('1970-01-01', '2011-03-13 07:06')
    """
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return format_number(seconds)
    return moment.strftime("%Y-%m-%d %H:%M" if with_time else "%Y-%m-%d")


def find_date_parts(plan: Plan | None) -> dict[str, str]:
    """Return the part, such as "year", of every name under which the profile may hold a part of a date."""
    dates = [one.name for one in plan.columns if one.type.cells in ("date", "timestamp")] if plan is not None else []
    return {part_name(name, part): part for name in dates for part in PARTS}


def choose_formatter(column: ColumnProfile, parts: Mapping[str, str] = NO_PARTS) -> Formatter:
    """Return the function that formats the values of a column: as dates where they are dates, else as numbers.

    Args:
        column: its `type` is the Spark type, such as "date", "timestamp" or "double".
        parts: the part of a date by column name; `elapsed` counts days since 1970-01-01.
    """
    if column.name in parts:
        return partial(_format_part, parts[column.name])
    if column.type.startswith("timestamp"):
        return lambda seconds: format_date(seconds, with_time=True)
    return format_date if column.type == "date" else format_number


def format_fill(one: Input) -> str:
    """Return what replaces a missing value of an input: a level, a date or a number; and whether there is an indicator.

    >>> from spark_jobs.features import NumberInput
    >>> format_fill(NumberInput("n0", "day", part="elapsed", fill=-40.0, shift=15_380.0, indicator=True))
    '2012-01-01, with an indicator'
    """
    marked = ", with an indicator" if one.indicator else ""
    if isinstance(one, CategoryInput):
        return f"{format_level(one.part, one.fill)}{marked}"
    value = one.fill + one.shift
    return f"{_format_part(one.part, value)}{marked}"


def format_levels(column: ColumnProfile, parts: Mapping[str, str] = NO_PARTS) -> list[tuple[str, int]]:
    """Return the levels with their rows: those of a part of a date in the order of time, others by frequency.

    Args:
        column: a column of the profile; without levels the list is empty.
        parts: as for `choose_formatter`.
    """
    counts = list(column.levels.counts.items()) if column.levels is not None else []
    part = parts.get(column.name)
    if part is not None:
        counts.sort(key=lambda item: (not item[0].isdecimal(), int(item[0]) if item[0].isdecimal() else 0))
    return [(format_level(part, level), count) for level, count in counts]


def format_level(part: str | None, level: str) -> str:
    """Format a level; one of a part of a date as `choose_formatter` formats numbers: weekday 0 as "Mon"."""
    return _format_part(part, float(level)) if part is not None and level.isdecimal() else level


def _format_part(part: str | None, value: float) -> str:
    """Format a number, or a part of a date: `elapsed` in days since 1970-01-01, a year without a separator."""
    if part == "elapsed":
        return format_date(value * _DAY)
    if part == "weekday" and value in range(len(WEEKDAYS)):
        return WEEKDAYS[int(value)]
    return f"{value:.0f}" if part == "year" else format_number(value)

"""The table of a profile: a line for each column."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.report.distributions import sparkline
from spark_jobs.report.html import Html, html, joined, long_table, tag
from spark_jobs.report.numerals import NOTHING, number, share, shortened

FIRST = 40
HEAD = ("Column", "Kind", "Distribution", "Missing", "Distinct", "Lowest", "Median", "Highest")


def columns_table(profile: Profile, kinds: Mapping[str, str]) -> Html:
    """Every column: kind, distribution, what is missing, how many values, lowest, median, highest or the top levels."""
    rows = [_line(column, kinds.get(name, column.type)) for name, column in profile.columns.items()]
    return long_table(HEAD, rows, (4, 5, 6, 7), FIRST, "columns")


def _line(column: ColumnProfile, kind: str) -> list[Html]:
    return [
        tag("span", column.name, class_="name"),
        tag("span", kind, class_="chip"),
        _distribution(column),
        _missing(column),
        html(number(column.distinct) if column.distinct else NOTHING),
        *(html(text) for text in extremes(column)),
    ]


def _distribution(column: ColumnProfile) -> Html:
    if column.numbers is None and column.levels is not None:
        return joined([sparkline(column), tag("div", top_levels(column), class_="levels")])
    return sparkline(column)


def _missing(column: ColumnProfile) -> Html:
    absent = column.rows - column.present
    if not absent:
        return tag("span", "0 %", class_="soft")
    width = f"width:{100 * absent / max(column.rows, 1):.0f}%"
    title = f"{column.missing:,} null, {column.nan:,} NaN, {column.infinite:,} infinite"
    return tag("span", share(absent, column.rows), tag("span", tag("i", style=width), class_="meter"), title=title)


def extremes(column: ColumnProfile) -> tuple[str, str, str]:
    """Lowest, median and highest number; blanks for a column without numbers."""
    numbers = column.numbers
    if numbers is None or not numbers.count:
        return ("", "", "")
    middle = number(numbers.median) if numbers.sketch is not None else NOTHING
    return (number(numbers.low), middle, number(numbers.high))


def top_levels(column: ColumnProfile, most: int = 3) -> str:
    """The most frequent levels with their shares."""
    if column.levels is None:
        return ""
    counts = column.levels.counts
    top = list(counts.items())[:most]
    told = " · ".join(f"{shortened(level, 24)} {share(count, column.rows)}" for level, count in top)
    return told + (" · …" if len(counts) > most else "")

"""The table of a profile: one line per column."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.formatting import NOTHING, format_number, format_percent
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.report.distributions import draw_sparkline
from spark_jobs.report.formatting import NO_PARTS, choose_formatter, format_levels, shorten
from spark_jobs.report.html import Html, html, join, long_table, name_tag, tag

FIRST = 40
HEAD = ("Column", "Kind", "Distribution", "Missing", "Distinct", "Min", "Median", "Max")


def render_columns(profile: Profile, kinds: Mapping[str, str], parts: Mapping[str, str] = NO_PARTS) -> Html:
    """Return the table of all columns.

    Args:
        profile: the columns in their order.
        kinds: the kind by column name; the type of the profile for the others.
        parts: the part of a date by column name, as for `choose_formatter`.
    """
    rows = [_line(column, kinds.get(name, column.type), parts) for name, column in profile.columns.items()]
    return long_table(HEAD, rows, (4, 5, 6, 7), FIRST, "columns")


def _line(column: ColumnProfile, kind: str, parts: Mapping[str, str]) -> list[Html]:
    return [
        name_tag(column.name),
        tag("span", kind, class_="chip"),
        _distribution(column, parts),
        _missing(column),
        html(format_number(column.distinct) if column.distinct else NOTHING),
        *(html(text) for text in format_extremes(column, parts)),
    ]


def _distribution(column: ColumnProfile, parts: Mapping[str, str]) -> Html:
    if column.numbers is None and column.levels is not None:
        levels = format_top_levels(column, parts)
        for text in (": ", " %", " ·"):
            levels = levels.replace(text, text.replace(" ", "\N{NO-BREAK SPACE}"))
        return join([draw_sparkline(column, parts), tag("div", levels, class_="levels")])
    return draw_sparkline(column, parts)


def _missing(column: ColumnProfile) -> Html:
    absent = column.rows - column.present
    if not absent:
        return tag("span", "0 %", class_="soft")
    width = f"width:{100 * absent / max(column.rows, 1):.0f}%"
    title = f"{column.missing:,} null, {column.nan:,} NaN, {column.infinite:,} infinite"
    meter = tag("span", tag("i", style=width), class_="meter")
    return tag("span", format_percent(absent, column.rows), meter, class_="missing", title=title)


def format_extremes(column: ColumnProfile, parts: Mapping[str, str] = NO_PARTS) -> tuple[str, str, str]:
    """Return minimum, median and maximum as text; blank for a column without numbers."""
    numbers, form = column.numbers, choose_formatter(column, parts)
    if numbers is None or not numbers.count:
        return ("", "", "")
    middle = form(numbers.median) if numbers.sketch is not None else NOTHING
    return (form(numbers.min), middle, form(numbers.max))


def format_top_levels(column: ColumnProfile, parts: Mapping[str, str] = NO_PARTS) -> str:
    """Return the most frequent levels, or those of a part of a date in the order of time, with their shares."""
    levels, most = format_levels(column, parts), 12 if column.name in parts else 3
    text = " · ".join(f"{shorten(level, 24)}: {format_percent(count, column.rows)}" for level, count in levels[:most])
    return text + (" · …" if len(levels) > most else "")

"""The table of a profile in the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from spark_jobs.formatting import format_count, format_number, format_percent
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.report.columns_table import format_extremes, format_top_levels
from spark_jobs.report.distributions import compute_histogram
from spark_jobs.report.formatting import shorten

BLOCKS = " ▁▂▃▄▅▆▇█"


def build_profile_table(profile: Profile, kinds: Mapping[str, str] | None = None, most: int = 200) -> Table:
    """Return the profile as a table of rich: at most `most` columns, and a last line that counts the others."""
    named = kinds or {}
    columns = list(profile.columns.values())
    size = f"{format_count(profile.rows, 'row')}, {format_count(len(columns), 'column')}"
    table = Table(title=size, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("column", no_wrap=True, min_width=16)
    table.add_column("kind", no_wrap=True, min_width=10, style="cyan")
    for title in ("missing", "distinct"):
        table.add_column(title, no_wrap=True, min_width=9, justify="right")
    table.add_column("values", no_wrap=True)
    for column in columns[:most]:
        table.add_row(*_line(column, named.get(column.name, column.type)))
    if len(columns) > most:
        table.add_row(Text(f"… and {format_count(len(columns) - most, 'more column')}", style="dim"))
    return table


def _line(column: ColumnProfile, kind: str) -> tuple[Text, ...]:
    absent = column.rows - column.present
    missing = Text(format_percent(absent, column.rows), style="yellow" if absent else "dim")
    cells = (
        Text(shorten(column.name)),
        Text(kind),
        missing,
        Text(format_number(column.distinct)),
        Text(format_values(column)),
    )
    return cells


def format_values(column: ColumnProfile) -> str:
    """Return the values in one line: a histogram with minimum, median and maximum, or the most frequent levels."""
    if column.numbers is not None and column.numbers.count:
        low, middle, high = format_extremes(column)
        bars = draw_blocks(column) if column.numbers.sketch is not None else ""
        return f"{bars}  {low} … {middle} … {high}".strip()
    return format_top_levels(column)


def draw_blocks(column: ColumnProfile) -> str:
    """Return a histogram as one line of block characters."""
    if column.numbers is None:
        return ""
    shares = compute_histogram(column.numbers, 12)[0]
    top = float(shares.max()) or 1.0
    return "".join(BLOCKS[min(8, max(1, round(8 * float(one) / top))) if one > 0 else 0] for one in shares)

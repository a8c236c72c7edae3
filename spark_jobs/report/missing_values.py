"""Which columns miss values, how many, and what replaces them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pyarrow as pa

from spark_jobs.features import Input
from spark_jobs.formatting import format_count, format_number, format_percent
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.report.formatting import format_fill, shorten
from spark_jobs.report.held_out import count_missing_together
from spark_jobs.report.html import Html, join, long_table, name_tag, tag

SHOWN, PATTERNS = 20, 10


def render_missing_values(
    profile: Profile, inputs: Mapping[str, Input] | None = None, held_out: pa.Table | None = None
) -> Html:
    """Return the columns with missing values, the most first; nothing where every value is there.

    The profile counts each column alone. Without held-out rows a pattern is a hint: columns that miss equally many rows
    are named together.

    Args:
        profile: the columns with their counts.
        inputs: the inputs of a model by name, whose replacements are shown; None where there is no model.
        held_out: rows in which the columns that miss values together are counted.
    """
    gaps = [column for column in profile.columns.values() if column.present < column.rows]
    if not gaps:
        return Html("")
    gaps.sort(key=lambda column: (column.present - column.rows, column.name))
    head = ("Column", "Missing values", "Share", *(("Replaced by",) if inputs is not None else ()))
    rows = [_line(column, inputs) for column in gaps]
    listed = long_table(head, rows, (1, 2), SHOWN, "columns")
    return join([*_hints(gaps), listed] if held_out is None else [listed, _patterns(held_out)])


def format_names(names: Sequence[str]) -> str:
    """Return at most `SHOWN` names in quotes, with "and" before the last.

    >>> format_names(["a", "b", "c"])
    "'a', 'b' and 'c'"
    """
    shown = [f"'{shorten(name)}'" for name in names[:SHOWN]]
    last = shown.pop() if len(names) <= SHOWN else format_count(len(names) - SHOWN, "more column")
    return f"{', '.join(shown)} and {last}"


def _line(column: ColumnProfile, inputs: Mapping[str, Input] | None) -> list[object]:
    absent = column.rows - column.present
    counted = [name_tag(column.name), format_number(absent), format_percent(absent, column.rows)]
    if inputs is None:
        return [*counted]
    return [*counted, format_fill(inputs[column.name]) if column.name in inputs else "not used"]


def _patterns(rows: pa.Table) -> Html:
    """Return how many rows miss the same values; nothing where no column misses values together with another."""
    found = [(names, n) for names, n in count_missing_together(rows) if len(names) > 1]
    if not found:
        return Html("")
    cells = [(", ".join(map(shorten, names)), format_number(n), format_percent(n, rows.num_rows)) for names, n in found]
    title = f"Columns missing together, in {format_count(rows.num_rows, 'test row')}"
    listed = long_table(("Columns", "Rows", "Share"), cells, (1, 2), PATTERNS, "patterns")
    return join([tag("h3", title), listed])


def _hints(gaps: Sequence[ColumnProfile]) -> list[Html]:
    groups: dict[int, list[str]] = defaultdict(list)
    for column in gaps:
        groups[column.rows - column.present].append(column.name)
    return [
        tag("p", f"{format_names(names)} miss the same number of rows ({format_number(count)}), perhaps the same rows.")
        for count, names in groups.items()
        if len(names) > 1
    ]

"""Small HTML tables that notebooks show for objects, with every cell escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from spark_jobs.formatting import format_number

MOST_ROWS = 200
_LONGEST = 300
_LOGIN = re.compile(r"://[^/@\s]+@")


def notebook_table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table with a caption: at most 200 rows, and a last line that counts the others.

    Args:
        title: the caption.
        head: the titles of the columns; empty for none.
        rows: the cells; an empty one is left blank, a long one is cut, a login in an address is hidden.

    >>> notebook_table("a < b", (), [("x", 1234)])
    '<table><caption>a &lt; b</caption><tr><td>x</td><td>1,234</td></tr></table>'
    """
    found = list(rows)
    lines = [_line("th", head)] if head else []
    lines += [_line("td", row) for row in found[:MOST_ROWS]]
    if len(found) > MOST_ROWS:
        lines.append(_line("td", [f"… and {len(found) - MOST_ROWS:,} more"]))
    return f"<table><caption>{escape(title)}</caption>{''.join(lines)}</table>"


def flat_rows(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield each value of nested mappings with the dotted path of its key.

    >>> list(flat_rows({"split": {"kind": "time"}, "key": ["a", "b"]}))
    [('split.kind', 'time'), ('key', ['a', 'b'])]
    """
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from flat_rows(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _line(kind: str, cells: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(_text(cell))}</{kind}>' for cell in cells)}</tr>"


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return format_number(cell)
    cell = ", ".join(map(str, cell)) if isinstance(cell, list) else cell
    text = _LOGIN.sub("://…@", str(cell))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

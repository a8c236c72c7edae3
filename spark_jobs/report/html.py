"""HTML that escapes whatever it is given, unless it is HTML already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from spark_jobs.report.stylesheet import STYLE

VOID = frozenset({"img", "meta", "br"})


class Html(str):
    """Text that is HTML and needs no escaping."""

    __slots__ = ()


def html(value: object) -> Html:
    """A value as HTML: escaped, unless it is HTML."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element; the underscore at the end of `class_` and the like is dropped, others become hyphens.

    >>> tag("p", "a < b", class_="x")
    '<p class="x">a &lt; b</p>'
    """
    named = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    given = "".join(f' {key}="{escape(str(value))}"' for key, value in named)
    if name in VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(children)}</{name}>")


def joined(parts: Iterable[object]) -> Html:
    """Parts one after the other."""
    return Html("".join(html(part) for part in parts))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> Html:
    """A table that scrolls sideways where it must; the columns in `numbers` stand to the right."""
    right = set(numbers)
    cells = [[tag("td", cell, class_="n" if i in right else None) for i, cell in enumerate(row)] for row in rows]
    heads = [tag("th", title, class_="n" if i in right else None) for i, title in enumerate(head)]
    body = tag("tbody", *(tag("tr", *row) for row in cells))
    return tag("div", tag("table", tag("thead", tag("tr", *heads)), body), class_="scroll")


def folded(summary: str, *children: object) -> Html:
    """What is there for those who open it."""
    return tag("details", tag("summary", summary), *children)


def long_table(
    head: Sequence[object],
    rows: Sequence[Sequence[object]],
    numbers: Iterable[int] = (),
    first: int = 25,
    noun: str = "rows",
) -> Html:
    """A table of which the first rows are open and the rest can be opened."""
    right = tuple(numbers)
    shown = table(head, rows[:first], right)
    if len(rows) <= first:
        return shown
    return joined([shown, folded(f"{len(rows) - first:,} more {noun}", table(head, rows[first:], right))])


def section(anchor: str, title: str, *children: object) -> Html:
    """A titled part of the page that can be linked to."""
    return tag("section", tag("h2", title), *children, id=anchor)


def page(title: str, header: object, sections: Sequence[Html], menu: Sequence[tuple[str, str]]) -> str:
    """A whole page that needs nothing from anywhere else."""
    links = [tag("a", text, href=f"#{anchor}") for anchor, text in menu]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = tag("body", tag("header", header), tag("nav", *links), tag("main", *sections))
    return f'<!DOCTYPE html>\n<html lang="en">{head}{body}</html>\n'

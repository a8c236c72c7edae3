"""HTML elements that escape their content, unless it is HTML already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from spark_jobs.report.formatting import shorten
from spark_jobs.report.stylesheet import STYLE

VOID = frozenset({"img", "meta", "br"})


class Html(str):
    """Text that is HTML and is not escaped again."""

    __slots__ = ()


def html(value: object) -> Html:
    """Return a value as HTML: escaped, unless it is HTML."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element; a trailing underscore such as in `class_` is dropped, others become hyphens.

    >>> tag("p", "a < b", class_="x")
    '<p class="x">a &lt; b</p>'
    """
    named = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    given = "".join(f' {key}="{escape(str(value))}"' for key, value in named)
    if name in VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(parts: Iterable[object]) -> Html:
    """Join parts without a separator."""
    return Html("".join(html(part) for part in parts))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> Html:
    """Return a table that scrolls inside its own box; the columns at the positions `numbers` are aligned right."""
    right = set(numbers)
    cells = [[tag("td", cell, class_="n" if i in right else None) for i, cell in enumerate(row)] for row in rows]
    heads = [tag("th", title, class_="n" if i in right else None) for i, title in enumerate(head)]
    body = tag("tbody", *(tag("tr", *row) for row in cells))
    return tag("div", tag("table", tag("thead", tag("tr", *heads)), body), class_="scroll")


def fold(summary: str, *children: object) -> Html:
    """Return content that opens with a click."""
    return tag("details", tag("summary", summary), *children)


def long_table(
    head: Sequence[object],
    rows: Sequence[Sequence[object]],
    numbers: Iterable[int] = (),
    first: int = 25,
    noun: str = "rows",
) -> Html:
    """Return a table that shows its first rows and folds the rest."""
    right = tuple(numbers)
    shown = table(head, rows[:first], right)
    if len(rows) <= first:
        return shown
    return join([shown, fold(f"{len(rows) - first:,} more {noun}", table(head, rows[first:], right))])


def name_tag(text: str, length: int = 40) -> Html:
    """Return a name in bold, shortened where it is long; its title holds the whole name."""
    short = shorten(text, length)
    return tag("span", short, class_="name", title=text if short != text else None)


def section(anchor: str, title: str, *children: object) -> Html:
    """Return a titled part of the page that links can point to."""
    return tag("section", tag("h2", title), *children, id=anchor)


def page(title: str, header: object, sections: Mapping[str, tuple[str, Html]]) -> str:
    """Return a whole page that loads nothing.

    Args:
        title: the title of the browser's tab.
        header: the content above the menu.
        sections: title and content by anchor, in the order of the page. Those without content are left out; one
            section alone gets no menu.
    """
    shown = {anchor: (name, content) for anchor, (name, content) in sections.items() if content}
    links = [tag("a", name, href=f"#{anchor}") for anchor, (name, _) in shown.items()]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    main = tag("main", *(section(anchor, name, content) for anchor, (name, content) in shown.items()))
    menu = tag("nav", *links) if len(links) > 1 else ""
    body = tag("body", tag("header", header), menu, main)
    return f'<!DOCTYPE html>\n<html lang="en">{head}{body}</html>\n'

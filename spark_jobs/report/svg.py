"""Charts as SVG markup: axes with titles and ticks, bars, lines and cells."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spark_jobs.formatting import format_number
from spark_jobs.report.formatting import shorten
from spark_jobs.report.html import Html, join, tag
from spark_jobs.report.stylesheet import CHART_STYLE, LIGHT

COLOURS = ("#2f6db5", "#d9762b", "#3a9a6e", "#8a5fb8", "#c2475c", "#7a6a4f", "#4aa3b8", "#b8a23a", "#6b7ad1", "#d17bb0")
_WIDE, _NARROW = frozenset("mwMW@%"), frozenset("iIjl.,:;'|!() ")
LARGE = 500
WIDTH = 380
Tick = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of an axis, its title, and its ticks; without ticks these are round numbers."""

    title: str
    low: float
    high: float
    ticks: tuple[Tick, ...] | None = None

    def labels(self) -> Sequence[Tick]:
        """Return the ticks with their texts."""
        if self.ticks is not None:
            return self.ticks
        return [(value, format_number(value)) for value in choose_ticks(self.low, self.high)]

    def at(self, value: float) -> float:
        """Return where a value lies, from 0 to 1; halves, as the span of doubles is no double."""
        return (value / 2 - self.low / 2) / ((self.high / 2 - self.low / 2) or 1.0)


def choose_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return about five round numbers within a range."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low, high]
    power = 10.0 ** math.floor(math.log10(span / about)) or span
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if span / (power * factor) <= about)
    first = math.ceil(low / step - 1e-9)
    return [round((first + i) * step, 12) if step > 1e-9 else (first + i) * step for i in range(about + 2)
            if (first + i) * step <= high + step * 1e-9]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plot:
    """The inner area of a chart, in pixels of its view box."""

    x: Axis
    y: Axis
    left: float
    top: float
    width: float
    height: float

    def px(self, value: float) -> float:
        """Return the horizontal place of a value."""
        return self.left + self.x.at(value) * self.width

    def py(self, value: float) -> float:
        """Return the vertical place of a value."""
        return self.top + (1 - self.y.at(value)) * self.height


def plot(x: Axis, y: Axis, width: float = WIDTH, height: float = 300) -> Plot:
    """Return the inner area that leaves room for the title above and for the ticks and titles of both axes."""
    left = 28 + max((measure(label) for _, label in y.labels()), default=0.0)
    return Plot(x, y, left, 30, width - left - 14, height - 76)


def chart(title: str, area: Plot, marks: Iterable[Html], legend: Sequence[tuple[str, str]] = ()) -> Html:
    """Return a whole chart: title, axes, marks, and below them the legend as pairs of colour and text."""
    width, bottom = area.left + area.width + 14, area.top + area.height + 46
    room = (width - 24) / 2
    in_line = 2 if all(measure(label) + 18 <= room for _, label in legend) else 1
    body = [*_axes(area), *marks, *_legend(legend, bottom, in_line, room)]
    return drawing(title, width, bottom + 16 * math.ceil(len(legend) / in_line), body)


def drawing(title: str, width: float, height: float, body: Iterable[Html]) -> Html:
    """Return an SVG element with a title, which is also its description for screen readers."""
    head = text(0, 14, fit_text(title, width / 1.25), "title")  # titles are larger and bold
    box = f"0 0 {width:.0f} {height:.0f}"
    return tag("svg", head, *body, viewBox=box, class_="chart", role="img", aria_label=title)


def is_large(markup: str) -> bool:
    """Return whether a drawing is too wide to share a line with others, or to be read at the width of a phone."""
    found = re.search(r'viewBox="0 0 (\d+)', markup)
    return found is not None and int(found[1]) > LARGE


def render_file(chart_markup: Html) -> str:
    """Return an SVG file of a chart, with its own style."""
    style = tag("style", Html(f".chart{{{LIGHT} background:#fff}} {CHART_STYLE}"))
    head, _, rest = chart_markup.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg">{style}{rest}\n'


def text(x: float, y: float, content: object, class_: str = "", **attributes: object) -> Html:
    """Return a text; `class_` says how it is aligned: start, middle or end."""
    return tag("text", content, x=f"{x:.1f}", y=f"{y:.1f}", class_=class_ or None, **attributes)


def segment(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    """Return a straight line."""
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str = "bar", **attributes: object) -> Html:
    """Return a rectangle."""
    size = {"x": f"{x:.2f}", "y": f"{y:.2f}", "width": f"{max(width, 0):.2f}", "height": f"{max(height, 0):.2f}"}
    return tag("rect", **size, class_=class_, **attributes)


def bars(area: Plot, edges: Sequence[float], heights: Sequence[float]) -> list[Html]:
    """Return one bar between each pair of edges; empty ones are left out."""
    found = []
    for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
        if height > 0:
            x, y = area.px(float(left)), area.py(float(height))
            found.append(rect(x, y, max(area.px(float(right)) - x - 0.6, 0.6), area.top + area.height - y))
    return found


def line(area: Plot, xs: Iterable[float], ys: Iterable[float], colour: str, dots: bool = False) -> list[Html]:
    """Return a line through points, and a dot at each where asked for."""
    places = [(area.px(float(x)), area.py(float(y))) for x, y in zip(xs, ys, strict=True)]
    path = tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), class_="line", stroke=colour)
    marked = [tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3", fill=colour) for x, y in places]
    return [path, *(marked if dots else ())]


def diagonal(area: Plot) -> Html:
    """Return the line from the lowest to the highest corner."""
    return segment(area.left, area.top + area.height, area.left + area.width, area.top, "reference")


def _axes(area: Plot) -> list[Html]:
    bottom, middle = area.top + area.height, area.top + area.height / 2
    found = [segment(area.left, bottom, area.left + area.width, bottom, "axis")]
    for value, label in area.x.labels():
        furthest = area.left + area.width + 14 - measure(label) / 2
        found.append(text(min(area.px(value), furthest), bottom + 15, label, "middle"))
    for value, label in area.y.labels():
        found.append(segment(area.left, area.py(value), area.left + area.width, area.py(value), "grid"))
        found.append(text(area.left - 6, area.py(value) + 4, label, "end"))
    found.append(text(area.left + area.width / 2, bottom + 34, area.x.title, "middle axis-title"))
    turned = f"rotate(-90 11 {middle:.1f})"
    return [*found, text(11, middle, area.y.title, "middle axis-title", transform=turned)]


def _legend(entries: Sequence[tuple[str, str]], top: float, in_line: int, room: float) -> list[Html]:
    """Return the keys, each with its text; `room` is the width of one where two share a line."""
    found = []
    for i, (colour, label) in enumerate(entries):
        x, y = 24 + room * (i % in_line), top + 16 * (i // in_line)
        shown = fit_text(label, 2 * room / in_line - 15)
        found.append(join([rect(x, y, 10, 10, "key", fill=colour), text(x + 15, y + 9, shown)]))
    return found


def measure(content: str) -> float:
    """Estimate the width of a text of 12 px, on the safe side."""
    return sum(12.0 if sign in _WIDE or ord(sign) > 0x2E80 else 5.0 if sign in _NARROW else 7.2 for sign in content)


def fit_text(content: str, width: float) -> str:
    """Shorten a text until it fits a width."""
    lengths = range(min(len(content), 200), 4, -1)
    return next((short for length in lengths if measure(short := shorten(content, length)) <= width), content[:4])


def compute_opacity(share: float) -> str:
    """Return the opacity of a cell: visible from the smallest share on."""
    return f"{0.06 + 0.94 * float(np.clip(share, 0, 1)):.2f}"

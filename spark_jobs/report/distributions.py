"""The distribution of a column's values, from its profile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spark_jobs.formatting import format_percent
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.report.formatting import NO_PARTS, Formatter, choose_formatter, format_levels, shorten
from spark_jobs.report.html import Html, tag
from spark_jobs.report.svg import Axis, Tick, bars, chart, drawing, measure, plot, rect, text

MOST = 24
TOP = 8
MOST_VALUES = 60
_PROBED = 4001
_WIDEST = 120  # the steps that bars to scale may span
_LARGEST = 2.0**53  # every double above is whole
_WIDTH, _PLOT, _LONGEST = 260, 200, 196  # of a panel, its plot at least, and a bar beside its share; in pixels
Doubles = NDArray[np.float64]


def compute_histogram(numbers: NumberSummary, bars: int) -> tuple[Doubles, Doubles]:
    """Return the shares and edges of equal bars over the middle 98 % of the values, read off the sketch."""
    points = np.asarray(numbers.quantiles([float(rank) for rank in np.linspace(0, 1, 40 * bars + 1)]))
    low, high = (float(end) for end in np.quantile(points, (0.01, 0.99), method="nearest"))
    if low == high:
        low, high = float(points[0]), float(points[-1])
    inside, (low, high) = points[(points >= low) & (points <= high)], _apart(low, high, bars)
    edges = np.linspace(low / 2, high / 2, bars + 1)  # halves, as the span of doubles is no double
    counts, _ = np.histogram(inside / 2, edges)
    return counts / max(len(points), 1), edges * 2


def _apart(low: float, high: float, bars: int) -> tuple[float, float]:
    """Move both ends so far apart that every bar has a width."""
    largest = max(abs(low), abs(high))
    if high / 2 - low / 2 > bars * np.spacing(largest):
        return low, high
    wider = max(0.5, largest * 1e-9)
    return low - wider, high + wider


def count_whole_values(column: ColumnProfile) -> tuple[Doubles, Doubles] | None:
    """Return the values of a column of at most `MOST_VALUES` different whole numbers, and the share of each.

    Returns:
        None for any other column. Values rarer than one in 4,000 may be absent.
    """
    numbers = column.numbers
    if numbers is None or numbers.sketch is None or not numbers.count or not 0 < column.distinct <= MOST_VALUES:
        return None
    values = np.unique([numbers.min, *numbers.quantiles(np.linspace(0, 1, _PROBED).tolist()), numbers.max])
    if len(values) > MOST_VALUES or np.abs(values).max() > _LARGEST or (values != np.floor(values)).any():
        return None
    ranks = [[float(numbers.sketch.get_rank(float(value), up)) for up in (False, True)] for value in values]
    return values, np.diff(np.array(ranks), axis=1)[:, 0]


def draw_sparkline(column: ColumnProfile, parts: Mapping[str, str] = NO_PARTS) -> Html:
    """Draw the distribution inside a line of a table; nothing where the column has no values."""
    heights = _heights(column, parts)
    if not len(heights) or heights.max() <= 0:
        return Html("")
    width = 130 / len(heights)
    scaled = np.maximum(heights / heights.max() * 28, np.where(heights > 0, 1, 0))
    bars = "".join(
        f'<rect x="{i * width:.1f}" y="{30 - height:.1f}" width="{max(width - 1, 1):.1f}" height="{height:.1f}"/>'
        for i, height in enumerate(scaled)
        if height > 0
    )
    return Html(f'<svg class="spark" viewBox="0 0 130 30" aria-hidden="true">{bars}</svg>')


def _heights(column: ColumnProfile, parts: Mapping[str, str]) -> Doubles:
    if column.numbers is not None and column.numbers.count and column.numbers.sketch is not None:
        found = count_whole_values(column)
        return compute_histogram(column.numbers, 24)[0] if found is None else found[1]
    counts = [count for _, count in format_levels(column, parts)]
    return np.array(counts[: MOST_VALUES if column.name in parts else 16], dtype=float)


def is_drawable(column: ColumnProfile) -> bool:
    """Return whether a column has a distribution to draw."""
    if column.numbers is not None:
        return column.numbers.count > 0 and column.numbers.sketch is not None
    return column.levels is not None and bool(column.levels.table)


def draw_panels(columns: Sequence[ColumnProfile], parts: Mapping[str, str] = NO_PARTS) -> Html:
    """Draw the distributions of up to `MOST` columns, one small chart each; `parts` as for `choose_formatter`."""
    shown = [column for column in columns if is_drawable(column)][:MOST]
    figures = [tag("figure", draw_panel(column, parts)) for column in shown]
    return tag("div", *figures, class_="panels") if figures else Html("")


def draw_panel(column: ColumnProfile, parts: Mapping[str, str] = NO_PARTS) -> Html:
    """Draw the distribution of one column: a bar per value, per level or per range."""
    form, found = choose_formatter(column, parts), _count_values(column, parts)
    if found is not None:
        return _value_bars(column, form, *found)
    if column.numbers is None:
        return _levels(column)
    shares, edges = compute_histogram(column.numbers, 30)
    ticks = [(float(at), form(float(at))) for at in (edges[0], edges[-1])]
    return _bars(column, ticks, edges, shares, "middle 98 % of values")


def _count_values(column: ColumnProfile, parts: Mapping[str, str]) -> tuple[Doubles, Doubles] | None:
    """Return the values with their shares as `count_whole_values`, also for a part of a date that is a category."""
    if column.levels is None or column.numbers is not None or column.name not in parts:
        return count_whole_values(column)
    counted = sorted((int(level), n) for level, n in column.levels.counts.items() if level.isdecimal())
    if not counted:
        return None
    values, counts = np.array(counted, dtype=float).T
    return values, counts / max(column.rows, 1)


def _value_bars(column: ColumnProfile, form: Formatter, values: Doubles, shares: Doubles) -> Html:
    """Draw a bar per value; far apart, the values stand side by side, as bars to scale would be too thin to see."""
    labels, step = [form(float(value)) for value in values], _step(values)
    if values[-1] - values[0] <= _WIDEST * step:
        edges, filled = _around(values, shares, step)
        return _bars(column, _ticks(values, labels, edges), edges, filled, "one bar per value")
    edges = np.linspace(-0.5, len(values) - 0.5, len(values) + 1)
    ticks = _ticks(np.arange(len(values), dtype=float), labels, edges)
    return _bars(column, ticks, edges, shares, "one bar per value, not to scale")


def _ticks(places: Doubles, labels: Sequence[str], edges: Doubles) -> list[Tick]:
    """Return a tick at every place, or every second or third, where the labels fit side by side; else at both ends."""
    ticks = list(zip(places.tolist(), labels, strict=True))
    room = _PLOT * _step(places) / float(edges[-1] - edges[0])
    every = math.ceil((max(map(measure, labels)) + 3) / room)
    return ticks[::every] if every <= 3 else [ticks[0], *ticks[1:][-1:]]


def _step(values: Doubles) -> float:
    return float(np.diff(values).min()) if len(values) > 1 else 1.0


def _around(values: Doubles, shares: Doubles, step: float) -> tuple[Doubles, Doubles]:
    """Return the edges of bars that are one step wide and centred on their values, with gaps where none is."""
    edges = np.column_stack([values - step / 2, values + step / 2]).ravel()
    filled = np.zeros(len(edges) - 1)
    filled[::2] = shares
    return edges, filled


def _bars(column: ColumnProfile, ticks: Sequence[Tick], edges: Doubles, shares: Doubles, title: str) -> Html:
    top = float(shares.max()) * 100
    y = Axis("rows (%)", 0.0, top * 1.05 or 1.0, ((0.0, "0"), (top, f"{top:.0f}" if top >= 10 else f"{top:.2g}")))
    area = plot(Axis(title, float(edges[0]), float(edges[-1]), tuple(ticks)), y, _WIDTH, 170)
    return chart(column.name, area, bars(area, edges.tolist(), (shares * 100).tolist()))


def _levels(column: ColumnProfile) -> Html:
    counts = column.levels.counts if column.levels is not None else {}
    top = list(counts.items())[:TOP]
    most, body = max(count for _, count in top), []
    for i, (level, count) in enumerate(top):
        y = 26 + 17 * i
        body += [rect(0, y, _LONGEST * count / most, 14, "pale"), text(4, y + 11, shorten(level, 24), "strong")]
        body.append(text(_WIDTH - 4, y + 11, format_percent(count, column.rows), "end"))
    bottom, hidden = 26 + 17 * len(top) + 14, len(counts) - len(top)
    note = f"share of rows; {hidden:,} more levels" if hidden else "share of rows"
    return drawing(column.name, _WIDTH, bottom + 4, [*body, text(0, bottom, note, "axis-title")])

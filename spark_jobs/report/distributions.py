"""What a column's values look like, from its profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.report.html import Html
from spark_jobs.report.numerals import number, shortened
from spark_jobs.report.pictures import BLUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 24
TOP = 8


def histogram(numbers: NumberSummary, bars: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares and edges of equal bars over the inner 98 %, read off the sketch."""
    points = np.asarray(numbers.quantiles([float(rank) for rank in np.linspace(0, 1, 40 * bars + 1)]))
    low, high = (float(end) for end in np.quantile(points, (0.01, 0.99), method="nearest"))
    if low == high:
        low, high = float(points[0]), float(points[-1])
    inside, (low, high) = points[(points >= low) & (points <= high)], _apart(low, high, bars)
    edges = np.linspace(low / 2, high / 2, bars + 1)  # halves, as the span of doubles is no double
    counts, _ = np.histogram(inside / 2, edges)
    return counts / max(len(points), 1), edges * 2


def _apart(low: float, high: float, bars: int) -> tuple[float, float]:
    """Ends so far apart that every bar has a width."""
    largest = max(abs(low), abs(high))
    if high / 2 - low / 2 > bars * np.spacing(largest):
        return low, high
    wider = max(0.5, largest * 1e-9)
    return low - wider, high + wider


def sparkline(column: ColumnProfile) -> Html:
    """The distribution as a tiny picture within a line of a table; nothing where there is nothing to see."""
    heights = _heights(column)
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


def _heights(column: ColumnProfile) -> NDArray[np.float64]:
    if column.numbers is not None and column.numbers.count and column.numbers.sketch is not None:
        return histogram(column.numbers, 24)[0]
    if column.levels is not None:
        return np.array(list(column.levels.counts.values())[:16], dtype=float)
    return np.empty(0)


def drawable(column: ColumnProfile) -> bool:
    """Whether there is a distribution to draw."""
    if column.numbers is not None:
        return column.numbers.count > 0 and column.numbers.sketch is not None
    return column.levels is not None and bool(column.levels.table)


def grid(columns: Sequence[ColumnProfile]) -> Figure:
    """The distributions of up to `MOST` columns."""
    from matplotlib.figure import Figure

    shown = columns[:MOST]
    across = min(4, len(shown))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(2.7 * across, 1.75 * down))
    inches = {"left": 0.12 / across, "right": 1 - 0.12 / across, "bottom": 0.17 / down, "top": 1 - 0.15 / down}
    figure.subplots_adjust(**inches, wspace=0.12, hspace=0.45)
    panels = np.atleast_1d(figure.subplots(down, across)).ravel()
    for axes, column in zip(panels, shown, strict=False):
        _panel(axes, column)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    return figure


def _panel(axes: Axes, column: ColumnProfile) -> None:
    axes.set_title(shortened(column.name, 26), fontsize=8.5)
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    if column.numbers is not None and column.numbers.count:
        shares, edges = histogram(column.numbers, 30)
        axes.bar(edges[:-1], shares, np.diff(edges), align="edge", color=BLUE, alpha=0.85, linewidth=0)
        ends = [edges[0], edges[-1]]
        axes.set_xticks(ends, [number(float(end)) for end in ends], fontsize=7)
        _pull_in(axes)
        axes.set_yticks([])
    elif column.levels is not None:
        _levels(axes, column.levels.counts)


def _pull_in(axes: Axes) -> None:
    labels: list[Any] = list(axes.get_xticklabels())
    for label, side in zip(labels, ("left", "right"), strict=False):
        label.set_horizontalalignment(side)


def _levels(axes: Axes, counts: dict[str, int]) -> None:
    top = list(counts.items())[:TOP]
    places = range(len(top))
    axes.barh(places, [count for _, count in top], color=BLUE, alpha=0.3, height=0.85)
    for place, (level, _) in zip(places, top, strict=True):
        axes.text(0.01, place, shortened(level, 26), transform=axes.get_yaxis_transform(), va="center", fontsize=7)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)

"""One look for every picture, and how one becomes a file. matplotlib is imported when the first is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY, INK = "#2f6db5", "#d9762b", "#9aa4b2", "#2b3240"
COLOURS = (BLUE, ORANGE, "#3a9a6e", "#8a5fb8", "#c2475c", "#7a6a4f", "#4aa3b8", "#b8a23a", "#6b7ad1", "#d17bb0")
LOOK: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#c3cad4",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#e9edf2",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": "#5d6778",
    "ytick.color": "#5d6778",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.dpi": 120,
    "figure.facecolor": "white",
}


@contextmanager
def look() -> Iterator[None]:
    """The look, for as long as something is drawn."""
    import logging

    import matplotlib as mpl

    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)  # a sign that the font lacks is drawn as a box; that is no news
    try:
        with mpl.rc_context(cast(Any, LOOK)):
            yield
    finally:
        logger.setLevel(level)


def blank(width: float = 5.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty picture, in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def save(draw: Callable[[], Figure], path: Path) -> Path:
    """Draw a picture and write it as PNG: all of it, or nothing."""
    import warnings
    from io import BytesIO

    drawn = BytesIO()

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        draw().savefig(drawn, format="png")
    path.write_bytes(drawn.getvalue())
    return path

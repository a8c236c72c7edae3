"""Figures as SVG markup and as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spark_jobs.report.html import Html
from spark_jobs.report.svg import standalone


def save(draw: Callable[[], Html], path: Path) -> Html:
    """Draw a figure, write it as an SVG file, and return its markup."""
    markup = draw()
    path.write_text(standalone(markup), encoding="utf-8", errors="replace")
    return markup

"""Figures as SVG markup and as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spark_jobs.report.html import Html
from spark_jobs.report.svg import render_file


def save_figure(draw: Callable[[], Html], path: Path) -> Html:
    """Draw a figure, write it as an SVG file, and return its markup."""
    markup = draw()
    path.write_text(render_file(markup), encoding="utf-8", errors="replace")
    return markup

"""The report of a training: its pictures, and one page that holds them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.error_translation import optional
from spark_jobs.report import distributions, plots
from spark_jobs.report.chapters import MENU, chapters, header
from spark_jobs.report.html import page
from spark_jobs.report.pictures import look, save
from spark_jobs.report.story import Story

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_report(folder: Path, story: Story, pictures: Mapping[str, Path | None] | None = None) -> Path:
    """Write `report.html` and the pictures as PNG files into a folder, and say where the page is.

    The page holds its pictures and asks nothing of any network. `pictures` are those that were drawn before. A section
    or a picture that fails is left out, with a note in its place and a warning.
    """
    pictures = write_pictures(folder, story) if pictures is None else pictures
    text = page(f"{story.name} · report", header(story), chapters(story, pictures), MENU)
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def write_pictures(folder: Path, story: Story) -> dict[str, Path | None]:
    """The pictures as PNG files, by name, in the order of the page; None for one that could not be drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    with look():
        return {
            name: optional(f"The figure '{name}' of the report", partial(save, draw, folder / f"{name}.png"), None)
            for name, draw in _drawings(story).items()
        }


def _drawings(story: Story) -> dict[str, Callable[[], Figure]]:
    drawings = _of_evaluation(story)
    if story.importances:
        drawings["importances"] = partial(plots.importances, story.importances)
    columns = [column for column in story.profile.columns.values() if distributions.drawable(column)]
    if columns:
        drawings["features"] = partial(distributions.grid, columns)
    return drawings


def _of_evaluation(story: Story) -> dict[str, Callable[[], Figure]]:
    details = story.evaluation.details
    if story.task == "regression":
        return {
            "predicted_actual": partial(plots.predicted_actual, details),
            "residuals": partial(plots.residuals, details),
        }
    drawings: dict[str, Callable[[], Figure]] = {
        "roc": partial(plots.roc, details),
        "precision_recall": partial(plots.precision_recall, details),
    }
    if any("calibration" in curve for curve in details["curves"].values()):
        drawings["calibration"] = partial(plots.calibration, details)
    drawings["confusion"] = partial(plots.confusion, details)
    return drawings

"""The report of a training: its figures, and the page that holds them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from spark_jobs.error_translation import optional
from spark_jobs.report import plots
from spark_jobs.report.context import ReportContext
from spark_jobs.report.figures import save_figure
from spark_jobs.report.header import render_header
from spark_jobs.report.html import Html, page
from spark_jobs.report.importances import compute_importances, has_signed_coefficients, name_coefficients
from spark_jobs.report.sections import Figures, render_sections


def write_report(folder: Path, context: ReportContext, figures: Figures | None = None) -> Path:
    """Write `report.html`, and unless they are given its figures as SVG files, into a folder.

    The page holds its figures and loads nothing. A section or a figure that fails is left out, with a note in its place
    and a warning.

    Args:
        folder: where the files go.
        context: everything that the report shows.
        figures: the figures that `write_figures` drew before.

    Returns:
        The path of the page.
    """
    figures = write_figures(folder, context) if figures is None else figures
    text = page(f"{context.name} · report", render_header(context), render_sections(context, figures))
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def write_figures(folder: Path, context: ReportContext) -> dict[str, Html | None]:
    """Write the figures as SVG files into a folder, and return them by name; None for one that could not be drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: optional(f"The figure '{name}' of the report", partial(save_figure, draw, folder / f"{name}.svg"), None)
        for name, draw in _drawings(context).items()
    }


def _drawings(context: ReportContext) -> dict[str, Callable[[], Html]]:
    drawings = _of_evaluation(context)
    if context.importances:
        drawings["importances"] = partial(_importances, context)
        if has_signed_coefficients(context.plan):
            drawings["coefficients"] = partial(_coefficients, context)
    return drawings


def _importances(context: ReportContext) -> Html:
    found = compute_importances(context.plan, context.profile, context.importances)
    unit = "size of the standardized coefficients" if found.coefficients else "share of the improvement by all splits"
    return plots.draw_weights(found.columns, "Importance by column", unit)


def _coefficients(context: ReportContext) -> Html:
    found = compute_importances(context.plan, context.profile, context.importances).coefficients
    ranked = [(name, standardized) for name, _, standardized in found]
    return plots.draw_weights(ranked, "Coefficients", name_coefficients(context))


def _of_evaluation(context: ReportContext) -> dict[str, Callable[[], Html]]:
    details = context.evaluation.details
    if context.task == "regression":
        return {
            "predicted_actual": partial(plots.draw_predicted_actual, details, context.target),
            "residuals": partial(plots.draw_residuals, details, context.target),
        }
    drawings: dict[str, Callable[[], Html]] = {
        "roc": partial(plots.draw_roc, details),
        "precision_recall": partial(plots.draw_precision_recall, details),
    }
    if any("calibration" in curve for curve in details["curves"].values()):
        drawings["calibration"] = partial(plots.draw_calibration, details)
    drawings["confusion"] = partial(plots.draw_confusion, details)
    return drawings

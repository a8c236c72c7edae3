"""The sections of the report, from the evaluation to the versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from spark_jobs.error_translation import optional
from spark_jobs.features import CategoryInput, Input
from spark_jobs.formatting import format_count, format_duration, format_number, format_percent
from spark_jobs.models import find
from spark_jobs.report.context import ReportContext
from spark_jobs.report.data_section import render_data
from spark_jobs.report.evaluation_section import render_evaluation, render_slices
from spark_jobs.report.formatting import format_fill
from spark_jobs.report.header import LEFT_OUT
from spark_jobs.report.html import Html, fold, html, join, long_table, name_tag, table, tag
from spark_jobs.report.importances import compute_importances, has_signed_coefficients, name_coefficients
from spark_jobs.report.svg import is_large
from spark_jobs.report.tuning_section import render_tuning

Figures = Mapping[str, Html | None]
OUTCOMES = {
    "read": "rows read",
    "trained": "training rows",
    "tested": "test rows",
    "duplicates": "duplicates, left out",
    "no_target": "without a target, left out",
    "outliers": "outliers, left out",
    "dropped": "with a missing value, left out as the spec asks",
    "quarantined": "in quarantine",
    "malformed": "of them malformed",
}
SHORTEST_PHASE = 0.05  # seconds; a shorter phase would read as 0.0 s
MODEL_FIGURES = ("importances", "coefficients")


def render_sections(context: ReportContext, figures: Figures) -> dict[str, tuple[str, Html]]:
    """Return title and content of every section by its anchor; a section that fails holds a note instead.

    A section without content is empty, and the page leaves it out.
    """
    made: Mapping[str, tuple[str, Callable[[], Html]]] = {
        "evaluation": ("Evaluation", lambda: _evaluation(context, figures)),
        "slices": ("Slices", lambda: render_slices(context.evaluation.details.get("slices") or {})),
        "model": ("Model", lambda: _model(context, figures)),
        "tuning": ("Tuning", lambda: render_tuning(context)),
        "decisions": ("Decisions", lambda: _decisions(context)),
        "data": ("Data", lambda: render_data(context)),
        "cleaning": ("Cleaning", lambda: _cleaning(context)),
        "features": ("Features", lambda: _features(context)),
        "lineage": ("Versions and lineage", lambda: _lineage(context)),
    }
    return {
        anchor: (title, optional(f"The section '{title}' of the report", make, LEFT_OUT))
        for anchor, (title, make) in made.items()
    }


def _evaluation(context: ReportContext, figures: Figures) -> Html:
    names = [name for name in figures if name not in MODEL_FIGURES]
    return join([_shown(figures, names), render_evaluation(context.evaluation, context.target)])


def _shown(figures: Figures, names: Sequence[str]) -> Html:
    known = [(name, figures[name]) for name in names if name in figures]
    lost = [tag("p", f"The figure '{name}' could not be drawn.", class_="warn") for name, one in known if one is None]
    drawn = [tag("figure", one, class_="large" if is_large(one) else None) for _, one in known if one is not None]
    return join([*lost, tag("div", *drawn, class_="figures") if drawn else ""])


def _model(context: ReportContext, figures: Figures) -> Html:
    if context.plan is None:
        return _shown(figures, MODEL_FIGURES)
    params = [(name, html(value)) for name, value in context.plan.params.items()]
    title, inputs = find(context.plan.model).title, format_count(len(context.plan.inputs), "input")
    text = tag("p", tag("b", title[:1].upper() + title[1:]), f" (model.kind: {context.plan.model}), {inputs}.")
    options = table(("Option", "Value"), params) if params else ""
    return join([text, options, _shown(figures, MODEL_FIGURES), _coefficients(context)])


def _coefficients(context: ReportContext) -> Html:
    found = compute_importances(context.plan, context.profile, context.importances)
    if not found.coefficients:
        return Html("")
    rows = [(name_tag(name), format_number(value), format_number(scaled)) for name, value, scaled in found.coefficients]
    title = "Coefficients" if has_signed_coefficients(context.plan) else "Sizes of the coefficients"
    note = f"Standardized: {name_coefficients(context)} of the feature."
    head = ("Feature", "Coefficient", "Standardized")
    return fold(f"{title} of {format_count(len(rows), 'feature')}", tag("p", note), long_table(head, rows, (1, 2), 50))


def _decisions(context: ReportContext) -> Html:
    decisions = context.plan.decisions if context.plan is not None else ()
    rows = [(name_tag(one.subject), tag("span", one.choice, class_="choice"), _long(one.reason)) for one in decisions]
    return long_table(("Subject", "Choice", "Reason"), rows, (), 30, "decisions") if rows else Html("")


def _long(text: str) -> Html:
    return tag("span", text, class_="long")


def _cleaning(context: ReportContext) -> Html:
    read = context.rows.get("read", 0)
    rows = [
        (OUTCOMES.get(name, name), format_number(count), format_percent(count, read) if read else "")
        for name, count in context.rows.items()
        if count or name in ("read", "trained", "tested")
    ]
    cells = [(name_tag(name), format_number(count)) for name, count in context.cells.items() if count]
    counted = table(("Rows", "Count", "Share of rows read"), rows, (1, 2)) if rows else ""
    head = ("Column", "Values that did not parse and became null")
    return join([counted, *([tag("h3", "Values"), long_table(head, cells, (1,))] if cells else [])])


def _features(context: ReportContext) -> Html:
    if context.plan is None:
        return Html("")
    rows = [(name_tag(one.title), _encoding(one), format_fill(one), one.scale) for one in context.plan.inputs]
    inputs = long_table(("Input", "Encoding", "Missing values", "Scaling"), rows, (), 30, "inputs")
    out = [(name_tag(one.name), one.role, _long(one.reason)) for one in context.plan.columns if one.role != "feature"]
    others = long_table(("Column", "Role", "Reason"), out, (), 15, "columns")
    return join([inputs, *([tag("h3", "Columns that are not features"), others] if out else [])])


def _encoding(one: Input) -> str:
    if isinstance(one, CategoryInput):
        return f"{one.encode}, {format_count(len(one.levels), 'level')}"
    if one.bounds is None:
        return "number" if one.part is None else "part of a date"
    low, high = one.bounds
    action = "clipped to" if one.outside == "clip" else "missing outside"
    return f"{action} {format_number(low)} … {format_number(high)}"


def _lineage(context: ReportContext) -> Html:
    facts = [(name, _long(str(value))) for part in (context.lineage, context.versions) for name, value in part.items()]
    seconds = [(name, format_duration(value)) for name, value in context.seconds.items() if value >= SHORTEST_PHASE]
    known = table(("Item", "Value"), facts) if facts else ""
    timed = [tag("h3", "Duration"), table(("Phase", "Duration"), seconds, (1,))] if seconds else []
    return join([known, *timed])

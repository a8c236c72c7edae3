"""What the training rows hold: columns, missing values, association with the target, and copies among features."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spark_jobs.formatting import format_count
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.report.columns_table import render_columns
from spark_jobs.report.context import ReportContext
from spark_jobs.report.distributions import draw_panels
from spark_jobs.report.formatting import find_date_parts, shorten
from spark_jobs.report.held_out import NEARLY_ONE, STRONG, correlate, find_renamed_levels, group_pairs
from spark_jobs.report.html import Html, join, long_table, name_tag, tag
from spark_jobs.report.missing_values import SHOWN, format_names, render_missing_values
from spark_jobs.report.near_copies import find_near_copies


def render_data(context: ReportContext) -> Html:
    """Return the section on the training rows."""
    profile, plan = context.profile, context.plan
    kinds = {column.name: column.kind for column in plan.columns} if plan is not None else {}
    parts = find_date_parts(plan)
    size = f"Training rows: {format_count(profile.rows, 'row')}, {format_count(len(profile.columns), 'column')}."
    return join([
        tag("p", size, class_="soft"),
        *_copies(context),
        render_columns(profile, kinds | _kinds_of_parts(parts), parts),
        draw_panels(list(profile.columns.values()), parts),
        _missing(context),
        _correlations(context),
        _pairs(context),
    ])  # fmt: skip


def _kinds_of_parts(parts: Mapping[str, str]) -> dict[str, str]:
    return {name: "date" if part == "elapsed" else "part of a date" for name, part in parts.items()}


def _copies(context: ReportContext) -> list[Html]:
    """Return a warning for each group of near-copies: of the held-out rows, or without them of equal profiles."""
    rows, used = context.held_out, [one.title for one in context.plan.inputs] if context.plan is not None else []
    if rows is None:
        found = find_near_copies(context.profile, [name for name in used if name in context.profile.columns])
        told = [f"{format_names(group)} appear to hold the same information." for group in found]
    else:
        where = f"in {format_count(rows.num_rows, 'test row')}"
        told = [f"{format_names(group)} are nearly the same: they correlate by more than {NEARLY_ONE} {where}."
                for group in group_pairs(correlate(rows))]  # fmt: skip
        told += [f"{format_names(group)} are the same under other names: their levels correspond one to one {where}."
                 for group in find_renamed_levels(rows)]  # fmt: skip
    return [tag("p", f"{text} Keep one of them.", class_="warn") for text in told]


def _missing(context: ReportContext) -> Html:
    inputs = {one.title: one for one in context.plan.inputs} if context.plan is not None else None
    found = render_missing_values(context.profile, inputs, context.held_out)
    return join([tag("h3", "Missing values"), found]) if found else found


def _correlations(context: ReportContext) -> Html:
    """Return the Pearson correlations of numbers with the target; nothing where the profile has none."""
    columns = [column for name, column in context.profile.columns.items() if name != context.target]
    found = [(column.name, value) for column in columns if (value := compute_correlation(column)) is not None]
    if not found:
        return Html("")
    found.sort(key=lambda pair: -abs(pair[1]))
    rows = [(name_tag(name), f"{value:+.3f}") for name, value in found]
    what = context.target if context.task == "regression" else "a class"
    if context.task == "binary":
        labels = context.evaluation.details["labels"]
        what = f"the class {labels[-1]}"
    title = f"Pearson correlation with {shorten(str(what))}"
    note = "Of several classes, the strongest." if context.task == "multiclass" else ""
    listed = long_table(("Column", "Correlation"), rows, (1,), SHOWN, "columns")
    return join([tag("h3", title), tag("p", note, class_="soft") if note else "", listed])


def _pairs(context: ReportContext) -> Html:
    """Return the strong correlations between features on the held-out rows; nothing where there are none."""
    rows = context.held_out
    pairs = correlate(rows) if rows is not None else []
    if rows is None or not pairs:
        return Html("")
    cells = [(name_tag(first), name_tag(second), f"{value:+.3f}") for first, second, value in pairs]
    note = f"Pearson correlations of at least {STRONG} in size, in {format_count(rows.num_rows, 'test row')}."
    listed = long_table(("Column", "Column", "Correlation"), cells, (2,), SHOWN, "pairs")
    return join([tag("h3", "Correlations between features"), tag("p", note, class_="soft"), listed])


def compute_correlation(column: ColumnProfile) -> float | None:
    """Return the signed Pearson correlation with the target, of several classes the strongest; None where undefined."""
    found = column.target_association
    if found is None or not found.count or found.xx <= 0:
        return None
    spread = np.sqrt(found.xx * found.yy)
    values = np.divide(found.xy, spread, out=np.zeros_like(spread), where=spread > 0)
    return float(values[np.argmax(np.abs(values))]) if (spread > 0).any() else None

"""What the training rows hold: columns, missing values, association with the target, and copies among features."""

from __future__ import annotations

import numpy as np

from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.report.columns_table import columns_table
from spark_jobs.report.context import ReportContext
from spark_jobs.report.distributions import panels
from spark_jobs.report.formatting import date_columns, plural, shortened
from spark_jobs.report.html import Html, joined, long_table, name_of, tag
from spark_jobs.report.missing_values import SHOWN, listed, missing_values
from spark_jobs.report.near_copies import near_copies


def data(context: ReportContext) -> Html:
    """Return the section on the training rows."""
    profile, plan = context.profile, context.plan
    kinds = {column.name: column.kind for column in plan.columns} if plan is not None else {}
    elapsed = date_columns(plan)
    size = f"Training rows: {plural(profile.rows, 'row')}, {plural(len(profile.columns), 'column')}."
    return joined([
        tag("p", size, class_="soft"),
        *_copies(context),
        columns_table(profile, kinds | dict.fromkeys(elapsed, "date"), elapsed),
        panels(list(profile.columns.values()), elapsed),
        _missing(context),
        _correlations(context),
    ])  # fmt: skip


def _copies(context: ReportContext) -> list[Html]:
    used = [one.title for one in context.plan.inputs] if context.plan is not None else []
    groups = near_copies(context.profile, [name for name in used if name in context.profile.columns])
    return [tag("p", f"{listed(group)} appear to hold the same information. Keep one of them.", class_="warn")
            for group in groups]  # fmt: skip


def _missing(context: ReportContext) -> Html:
    inputs = {one.title: one for one in context.plan.inputs} if context.plan is not None else None
    found = missing_values(context.profile, inputs)
    return joined([tag("h3", "Missing values"), found]) if found else found


def _correlations(context: ReportContext) -> Html:
    """Return the Pearson correlations of numbers with the target; nothing where the profile has none."""
    columns = [column for name, column in context.profile.columns.items() if name != context.target]
    found = [(column.name, value) for column in columns if (value := correlation(column)) is not None]
    if not found:
        return Html("")
    found.sort(key=lambda pair: -abs(pair[1]))
    rows = [(name_of(name), f"{value:+.3f}") for name, value in found]
    what = context.target if context.task == "regression" else "a class"
    if context.task == "binary":
        labels = context.evaluation.details["labels"]
        what = f"the class {labels[-1]}"
    title = f"Pearson correlation with {shortened(str(what))}"
    note = "Of several classes, the strongest." if context.task == "multiclass" else ""
    listed = long_table(("Column", "Correlation"), rows, (1,), SHOWN, "columns")
    return joined([tag("h3", title), tag("p", note, class_="soft") if note else "", listed])


def correlation(column: ColumnProfile) -> float | None:
    """Return the signed Pearson correlation with the target, of several classes the strongest; None where undefined."""
    found = column.relation
    if found is None or not found.count or found.xx <= 0:
        return None
    spread = np.sqrt(found.xx * found.yy)
    values = np.divide(found.xy, spread, out=np.zeros_like(spread), where=spread > 0)
    return float(values[np.argmax(np.abs(values))]) if (spread > 0).any() else None

"""What the training rows hold: columns, missing values, association with the target, and copies among features."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.report.columns_table import columns_table
from spark_jobs.report.context import ReportContext
from spark_jobs.report.distributions import panels
from spark_jobs.report.formatting import date_columns, fill_text, number, plural, share, shortened
from spark_jobs.report.html import Html, joined, long_table, name_of, tag
from spark_jobs.report.near_copies import near_copies

SHOWN = 20


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
    return [tag("p", f"{_listed(group)} appear to hold the same information. Keep one of them.", class_="warn")
            for group in groups]  # fmt: skip


def _listed(names: tuple[str, ...]) -> str:
    quoted = [f"'{shortened(name)}'" for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _missing(context: ReportContext) -> Html:
    """Return the columns with missing values, the most first, and the groups that miss equally many rows."""
    gaps = [column for column in context.profile.columns.values() if column.present < column.rows]
    if not gaps:
        return Html("")
    gaps.sort(key=lambda column: (column.present - column.rows, column.name))
    inputs = {one.title: one for one in context.plan.inputs} if context.plan is not None else {}
    rows = [
        (name_of(one.name), number(one.rows - one.present), share(one.rows - one.present, one.rows),
         fill_text(inputs[one.name]) if one.name in inputs else "not used")
        for one in gaps
    ]  # fmt: skip
    head = ("Column", "Missing values", "Share", "Replaced by")
    return joined([tag("h3", "Missing values"), *_patterns(gaps), long_table(head, rows, (1, 2), SHOWN, "columns")])


def _patterns(gaps: list[ColumnProfile]) -> list[Html]:
    groups: dict[int, list[str]] = defaultdict(list)
    for column in gaps:
        groups[column.rows - column.present].append(column.name)
    return [
        tag("p", f"{_listed(tuple(names[:SHOWN]))} miss the same number of rows ({number(count)}), perhaps together.")
        for count, names in groups.items()
        if len(names) > 1
    ]


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

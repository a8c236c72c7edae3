"""The tables of an evaluation, next to its figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spark_jobs.formatting import NOTHING, format_count, format_number, format_percent
from spark_jobs.report.formatting import METRICS, format_metric_name, shorten
from spark_jobs.report.html import Html, fold, join, long_table, name_tag, table, tag
from spark_jobs.training.evaluation_result import Evaluation

SMALL_SAMPLE = 100
LONG = 1e7
Metrics = Mapping[str, float]


def render_evaluation(evaluation: Evaluation, target: str) -> Html:
    """Return the notes, and the tables of residuals, or of classes, threshold and calibration."""
    notes = [tag("p", _spelled(note), class_="warn") for note in evaluation.notes]
    parts = _numbers(evaluation.details, target) if evaluation.task == "regression" else _classes(evaluation.details)
    return join([*notes, *parts])


def mask_undefined_metrics(evaluation: Evaluation, positive: str | None) -> dict[str, float | None]:
    """Return the metrics; None for one that is undefined on these rows, for which the evaluation holds a convention.

    R² is undefined for a constant target, precision where the positive class is never predicted.
    """
    found: dict[str, float | None] = dict(evaluation.metrics)
    details = evaluation.details
    if evaluation.task == "regression":
        return found | ({"r2": None} if "r2" in found and has_constant_label(details) else {})
    if evaluation.task == "binary" and "precision" in found:
        event = len(details["labels"]) - 1 if positive is None else list(details["labels"]).index(positive)
        found |= {} if np.asarray(details["confusion"])[:, event].sum() else {"precision": None}
    return found


def has_constant_label(details: Mapping[str, Any]) -> bool:
    """Return whether all test rows of a regression have the same target, so that R² is undefined."""
    label = details.get("label")
    return label is not None and bool(label["min"] == label["max"])


def format_metric(name: str, value: float | None) -> str:
    """Format a metric; MAPE in per cent, and R² with at most four decimals, as that of a mean is nearly 0."""
    if value is None or name not in ("mape", "r2"):
        return format_number(value)
    return format_percent(value, 1.0) if name == "mape" else format_number(round(value, 4))


def format_metrics_alike(name: str, *values: float | None) -> list[str]:
    """Format values of one metric that are compared: all with an exponent where one is long."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if name == "mape" or max(map(abs, finite), default=0.0) < LONG:
        return [format_metric(name, value) for value in values]
    return [f"{value:.3e}" if value in finite else format_number(value) for value in values]


def _spelled(note: str) -> str:
    """Return a note with the written form of the metric that it starts with."""
    first, _, rest = note.partition(" ")
    return f"{METRICS[first]} {rest}" if first in METRICS else note


def _numbers(details: Mapping[str, Any], target: str) -> list[Html]:
    found = details["residuals"]["quantiles"]
    ranks = {f"{1 - float(rank):.0%}": -value for rank, value in reversed(list(found.items()))}
    outside = details["predicted_actual"]["rows_outside"]
    note = f"{format_count(outside, 'test row')} outside the range of the figure of predicted and actual values."
    return [
        tag("h3", f"Quantiles of the residuals: actual minus predicted {target}"),
        table(list(ranks), [[format_number(value) for value in ranks.values()]], range(len(ranks))),
        tag("p", note, class_="soft") if outside else Html(""),
    ]


def _classes(details: Mapping[str, Any]) -> list[Html]:
    return [_per_class(details), _threshold(details), _unseen(details), _calibration(details)]


def _per_class(details: Mapping[str, Any]) -> Html:
    curves, called = details["curves"], np.asarray(details["confusion"]).sum(axis=0)
    rows = [
        [
            name_tag(label),
            format_number(row["rows"]),
            format_number(row["precision"]) if called[k] else NOTHING,
            *(format_number(row[name]) if row["rows"] else NOTHING for name in ("recall", "f1")),
            *(format_number(curves.get(label, {}).get(name)) for name in ("roc_auc", "pr_auc")),
        ]
        for k, (label, row) in enumerate(details["per_class"].items())
    ]
    head = ("Class", "Test rows", "Precision", "Recall", "F1", "ROC AUC", "PR AUC")
    return join([tag("h3", "Metrics by class"), long_table(head, rows, range(1, 7), 20, "classes")])


def _threshold(details: Mapping[str, Any]) -> Html:
    found = details.get("threshold")
    if not found:
        return Html("")
    metrics = found["metrics"].items()
    listed = ", ".join(f"{format_metric_name(name)} {format_number(value)}" for name, value in metrics)
    threshold = format_number(found["threshold"])
    best = f"{format_metric_name(found['metric'])} is best on these rows at a threshold of {threshold}"
    return join([tag("h3", "Threshold"), tag("p", f"{best}: {listed}.")])


def _unseen(details: Mapping[str, Any]) -> Html:
    found = details["unseen_labels"]
    if not found:
        return Html("")
    rows = [(name_tag(label), format_number(count)) for label, count in found.items()]
    return join([tag("h3", "Labels absent from the training rows"), long_table(("Label", "Test rows"), rows, (1,))])


def _calibration(details: Mapping[str, Any]) -> Html:
    tables = []
    for label, curve in list(details["curves"].items())[:20]:
        if "calibration" in curve:
            found = curve["calibration"]
            cells = zip(found["predicted"], found["observed"], found["rows"], strict=True)
            rows = [[format_number(float(value)) for value in row] for row in cells]
            head = ("Predicted probability", "Observed share", "Test rows")
            tables.append(join([tag("h3", name_tag(label)), table(head, rows, (0, 1, 2))]))
    return fold("Calibration table", *tables) if tables else Html("")


def render_slices(slices: Mapping[str, Any]) -> Html:
    """Return the metrics of each level of the slicing columns; nothing where there are none.

    Levels with fewer than `SMALL_SAMPLE` rows are marked.
    """
    parts = [part for name, levels in slices.items() if levels for part in (tag("h3", name_tag(name)), _slice(levels))]
    small = any(level["rows"] < SMALL_SAMPLE for levels in slices.values() for level in levels)
    note = f"Metrics of fewer than {SMALL_SAMPLE} test rows (small sample) vary widely by chance."
    return join([tag("p", note, class_="soft") if small else "", *parts])


def _slice(levels: list[dict[str, Any]]) -> Html:
    names = list(dict.fromkeys(name for level in levels for name in level["metrics"]))
    rows = [
        [_level(one), format_number(one["rows"]), *(format_metric(name, _of_slice(one, name)) for name in names)]
        for one in levels
    ]
    head = ["Level", "Test rows", *(format_metric_name(name) for name in names)]
    return long_table(head, rows, range(1, len(names) + 2), 15, "levels")


def _of_slice(level: Mapping[str, Any], name: str) -> float | None:
    """Return a metric of a slice; None where it is undefined.

    R² of one row is undefined. Without any error, a recall of 0 means that no row has the positive class.
    """
    metrics = level["metrics"]
    value: float | None = metrics.get(name)
    if name == "r2":
        return None if level["rows"] < 2 else value
    has_no_positive = metrics.get("accuracy") == 1 and metrics.get("recall") == 0
    return None if has_no_positive and name in ("precision", "recall", "f1") else value


def _level(level: Mapping[str, Any]) -> Html:
    small = tag("span", "small sample", class_="chip note") if level["rows"] < SMALL_SAMPLE else ""
    if level["others"]:
        return join([tag("span", "all other levels", class_="soft"), small])
    if level["level"] is None:
        return join([tag("span", "missing", class_="soft"), small])
    return join([shorten(str(level["level"]), 60), small])

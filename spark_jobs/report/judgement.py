"""What the page says of an evaluation beside its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spark_jobs.report.html import Html, folded, joined, long_table, table, tag
from spark_jobs.report.numerals import number
from spark_jobs.training.evaluation_result import Evaluation


def judgement(evaluation: Evaluation) -> Html:
    """Notes, and tables of residuals or of classes, thresholds and calibration."""
    notes = [tag("p", note, class_="warn") for note in evaluation.notes]
    parts = _numbers(evaluation.details) if evaluation.task == "regression" else _classes(evaluation.details)
    return joined([*notes, *parts])


def _numbers(details: Mapping[str, Any]) -> list[Html]:
    found = details["residuals"]["quantiles"]
    names = [f"{float(rank):.0%}" for rank in found]
    outside = details["predicted_actual"]["rows_outside"]
    told = f"{number(outside)} test rows lie outside the picture of predicted against actual." if outside else ""
    return [
        tag("h3", "Quantiles of predicted less actual"),
        table(names, [[number(value) for value in found.values()]], range(len(names))),
        tag("p", told, class_="soft"),
    ]


def _classes(details: Mapping[str, Any]) -> list[Html]:
    return [_per_class(details), _threshold(details), _unseen(details), _calibration(details)]


def _per_class(details: Mapping[str, Any]) -> Html:
    curves = details["curves"]
    rows = [
        [
            tag("span", label, class_="name"),
            *(number(row[name]) for name in ("rows", "precision", "recall", "f1")),
            *(number(curves.get(label, {}).get(name)) for name in ("roc_auc", "pr_auc")),
        ]
        for label, row in details["per_class"].items()
    ]
    head = ("Class", "Rows", "Precision", "Recall", "F1", "ROC AUC", "PR AUC")
    return joined([tag("h3", "By class"), long_table(head, rows, range(1, 7), 20, "classes")])


def _threshold(details: Mapping[str, Any]) -> Html:
    found = details.get("threshold")
    if not found:
        return Html("")
    told = ", ".join(f"{name} {number(value)}" for name, value in found["metrics"].items())
    best = f"Best {found['metric']} on these rows from a score of {number(found['threshold'])} on: {told}."
    return joined([tag("h3", "Threshold"), tag("p", best)])


def _unseen(details: Mapping[str, Any]) -> Html:
    found = details["unseen_labels"]
    if not found:
        return Html("")
    rows = [(label, number(count)) for label, count in found.items()]
    return joined([tag("h3", "Labels that training never saw"), long_table(("Label", "Test rows"), rows, (1,))])


def _calibration(details: Mapping[str, Any]) -> Html:
    tables = []
    for label, curve in list(details["curves"].items())[:20]:
        if "calibration" in curve:
            found = curve["calibration"]
            cells = zip(found["predicted"], found["observed"], found["rows"], strict=True)
            rows = [[number(float(value)) for value in row] for row in cells]
            tables.append(joined([tag("h3", label), table(("Predicted", "Came true", "Rows"), rows, (0, 1, 2))]))
    return folded("Calibration in numbers", *tables) if tables else Html("")

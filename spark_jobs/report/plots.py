"""Figures of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from spark_jobs.formatting import format_number
from spark_jobs.report.formatting import shorten
from spark_jobs.report.html import Html
from spark_jobs.report.svg import (
    COLOURS,
    WIDTH,
    Axis,
    Plot,
    bars,
    chart,
    compute_opacity,
    diagonal,
    drawing,
    line,
    measure,
    plot,
    rect,
    segment,
    text,
)

MOST_CURVES = 8
MOST_CLASSES = 30
MOST_IMPORTANCES = 20
_QUARTERS = tuple((value, f"{value:g}") for value in (0.0, 0.25, 0.5, 0.75, 1.0))
_STEP, _VALUE = 20, 60  # of a bar and the gap below it; of the number at its end
_LABELLED = 12  # up to so many classes each cell shows its count


def flip_residuals(details: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return edges and shares of the residuals as actual minus predicted; the evaluation keeps the opposite sign."""
    found = details["residuals"]
    return -np.asarray(found["edges"])[::-1], np.asarray(found["shares"])[::-1]


def draw_residuals(details: Mapping[str, Any], target: str = "target") -> Html:
    """Draw the histogram of actual minus predicted."""
    edges, shares = flip_residuals(details)
    percent = shares * 100
    median = -details["residuals"]["quantiles"]["0.5"]
    x = Axis(f"actual minus predicted {shorten(target, 14)} (middle 99 %)", float(edges[0]), float(edges[-1]))
    area = plot(x, Axis("test rows (%)", 0.0, float(percent.max()) * 1.05 or 1.0))
    bottom = area.top + area.height
    marks = [segment(area.px(at), area.top, area.px(at), bottom, class_) for at, class_ in ((0.0, "axis"),
             (median, "mark")) if edges[0] <= at <= edges[-1]]  # fmt: skip
    return chart(
        "Residuals", area, [*bars(area, edges, percent), *marks], [("#d9762b", f"median {format_number(median)}")]
    )


def draw_predicted_actual(details: Mapping[str, Any], target: str = "target") -> Html:
    """Draw predicted over actual values of all test rows; darker cells hold more rows."""
    found = details["predicted_actual"]
    low, high, weights = found["low"], found["high"], np.asarray(found["weights"], dtype=float)
    name = shorten(target, 24)
    area = plot(Axis(f"actual {name}", low, high), Axis(f"predicted {name}", low, high), height=350)
    width, height = area.width / len(weights), area.height / len(weights)
    depth = np.log1p(weights) / (np.log1p(weights.max()) or 1.0)
    cells = [
        rect(area.left + i * width, area.top + area.height - (j + 1) * height, width, height, "cell",
             fill_opacity=compute_opacity(depth[i, j]))
        for i, j in np.argwhere(weights > 0)
    ]  # fmt: skip
    legend = [("#2f6db5", f"up to {format_number(float(weights.max()))} rows a cell"), ("#5d6778", "dashed: no error")]
    return chart("Predicted and actual", area, [*cells, diagonal(area)], legend)


def _largest(details: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    rows = {label: table["rows"] for label, table in details["per_class"].items()}
    return sorted(details["curves"].items(), key=lambda item: -rows.get(item[0], 0))[:MOST_CURVES]


def _unit(x: str, y: str) -> Plot:
    return plot(Axis(x, 0.0, 1.0, _QUARTERS), Axis(y, 0.0, 1.0, _QUARTERS))


def _legend(details: Mapping[str, Any], what: str, values: Sequence[float]) -> list[tuple[str, str]]:
    names = [shorten(label, 13) for label, _ in _largest(details)]
    return [
        (colour, f"{name}: {what} {value:.3f}") for colour, name, value in zip(COLOURS, names, values, strict=False)
    ]


def draw_roc(details: Mapping[str, Any]) -> Html:
    """Draw the ROC curve of the positive class, or of each class against the rest."""
    area, curves = _unit("false positive rate", "true positive rate"), _largest(details)
    marks = [diagonal(area)]
    for colour, (_, curve) in zip(COLOURS, curves, strict=False):
        points = curve["roc"]
        marks += line(area, points["false_positive_rate"], points["true_positive_rate"], colour)
    return chart("ROC curve", area, marks, _legend(details, "area", [curve["roc_auc"] for _, curve in curves]))


def draw_precision_recall(details: Mapping[str, Any]) -> Html:
    """Draw precision over recall."""
    area, curves, marks = _unit("recall", "precision"), _largest(details), []
    for colour, (_, curve) in zip(COLOURS, curves, strict=False):
        points = curve["pr"]
        xs, ys = np.repeat(points["recall"], 2)[:-1], np.repeat(points["precision"], 2)[1:]
        marks += line(area, xs, ys, colour)
    areas = [curve["pr_auc"] for _, curve in curves]
    return chart("Precision-recall curve", area, marks, _legend(details, "area", areas))


def draw_calibration(details: Mapping[str, Any]) -> Html:
    """Draw the observed over the predicted probability."""
    area, curves = _unit("predicted probability", "observed share"), _largest(details)
    marks = [diagonal(area)]
    for colour, (_, curve) in zip(COLOURS, curves, strict=False):
        marks += line(area, curve["calibration"]["predicted"], curve["calibration"]["observed"], colour, dots=True)
    return chart("Calibration", area, marks, _legend(details, "ECE", [c["calibration"]["error"] for _, c in curves]))


def draw_confusion(details: Mapping[str, Any]) -> Html:
    """Draw actual against predicted classes; the shade is the share of the actual class."""
    counts, labels = _largest_classes(np.asarray(details["confusion"], dtype=float), list(details["labels"]))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = [*labels, *["(not in training)"] * (len(counts) - len(labels))]
    names = [shorten(label, 18) for label in rows]
    left = 34 + max(map(measure, names))
    size = float(np.clip((WIDTH - left) / len(labels), 24, 110))
    tall = min(size, 64.0)
    slanted = max(map(measure, names[: len(labels)])) > size
    cells = _cells(counts, shares, left, size, tall)
    headed = _class_names(names, len(labels), left, size, tall, slanted)
    below = 30 + tall * len(rows) + (24 + (max(map(measure, names[: len(labels)])) * 0.7 if slanted else 0))
    titles = [
        text(left + size * len(labels) / 2, below + 10, "predicted class", "middle axis-title"),
        text(11, 30 + tall * len(rows) / 2, "actual class", "middle axis-title",
             transform=f"rotate(-90 11 {30 + tall * len(rows) / 2:.1f})"),
    ]  # fmt: skip
    wide = max(left + size * len(labels) + 14, WIDTH)  # as the other figures, so that the texts have one size
    return drawing("Confusion matrix", wide, below + 18, [*cells, *headed, *titles])


def _largest_classes(counts: Any, labels: list[str]) -> tuple[Any, list[str]]:
    """Keep the classes with the most rows, where there are too many to tell apart."""
    if len(labels) <= MOST_CLASSES:
        return counts, labels
    kept = np.sort(np.argsort(-counts[: len(labels)].sum(axis=1), kind="stable")[:MOST_CLASSES])
    return counts[np.ix_(kept, kept)], [labels[k] for k in kept]


def _cells(counts: Any, shares: Any, left: float, width: float, height: float) -> list[Html]:
    found = []
    for (i, j), count in np.ndenumerate(counts):
        x, y, share = left + j * width, 30 + i * height, float(shares[i, j])
        found.append(rect(x + 0.5, y + 0.5, width - 1, height - 1, "cell", fill_opacity=compute_opacity(share)))
        if counts.shape[1] <= _LABELLED:
            class_ = "middle on-cell" if share > 0.72 else "middle strong"
            found.append(text(x + width / 2, y + height / 2 + 4, f"{int(count):,}", class_))
            if height >= 40 and width >= 40:
                found.append(text(x + width / 2, y + height / 2 + 18, f"{share:.0%}", class_))
    return found


def _class_names(
    names: Sequence[str], columns: int, left: float, width: float, height: float, slanted: bool
) -> list[Html]:
    found = [text(left - 6, 30 + (i + 0.5) * height + 4, name, "end") for i, name in enumerate(names)]
    bottom = 30 + height * len(names) + 14
    for j, name in enumerate(names[:columns]):
        x = left + (j + 0.5) * width
        turned = {"transform": f"rotate(-45 {x:.1f} {bottom:.1f})"} if slanted else {}
        found.append(text(x, bottom, name, "end" if slanted else "middle", **turned))
    return found


def draw_weights(ranked: Sequence[tuple[str, float]], title: str, unit: str) -> Html:
    """Draw one bar per name, the greatest first: right of zero for a positive weight, left of it for a negative one."""
    top = list(ranked)[:MOST_IMPORTANCES]
    names, values = [shorten(name, 24) for name, _ in top], [value for _, value in top]
    left, width = 12 + max(map(measure, names)), WIDTH
    low, high = min(0.0, *values), max(0.0, *values)
    room = width - left - _VALUE * ((low < 0) + (high > 0))
    scale = room / ((high - low) or 1.0)
    zero, bottom = left + _VALUE * (low < 0) - low * scale, 28 + len(top) * _STEP
    body = [text(left - 6, 38 + i * _STEP, name, "end") for i, name in enumerate(names)]
    body += [part for i, value in enumerate(values) for part in _weight(value, zero, scale, 28 + i * _STEP)]
    axis = [segment(zero, 24, zero, bottom, "axis")] if low < 0 else []
    named = [text(width / 2, bottom + 14 + 15 * i, one, "middle axis-title") for i, one in enumerate(wrap(unit, 50))]
    return drawing(title, width, bottom + 7 + 15 * len(named), [*body, *axis, *named])


def _weight(value: float, zero: float, scale: float, y: float) -> tuple[Html, Html]:
    """Return a bar and its number, which stands at the bar's end."""
    length, label = abs(value) * scale, format_number(float(f"{value:.3g}"))
    if value < 0:
        return rect(zero - length, y, length, _STEP - 6, "bar minus"), text(zero - length - 6, y + 10, label, "end")
    return rect(zero, y, length, _STEP - 6), text(zero + length + 6, y + 10, label)

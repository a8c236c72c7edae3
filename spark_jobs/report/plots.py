"""Pictures of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.report.numerals import number, shortened
from spark_jobs.report.pictures import BLUE, COLOURS, GREY, INK, ORANGE, blank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CURVES = 8
MOST_CLASSES = 30


def residuals(details: Mapping[str, Any]) -> Figure:
    """How far predictions are off."""
    figure, axes = blank()
    found = details["residuals"]
    edges, shares = np.asarray(found["edges"]), np.asarray(found["shares"])
    axes.bar(edges[:-1], shares * 100, np.diff(edges), align="edge", color=BLUE, alpha=0.85, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1)
    median = found["quantiles"]["0.5"]
    axes.axvline(median, color=ORANGE, linewidth=1.5, label=f"median {number(median)}")
    axes.set(title="Residuals", xlabel="predicted less actual (the inner 99 %)", ylabel="% of test rows")
    axes.legend()
    return figure


def predicted_actual(details: Mapping[str, Any]) -> Figure:
    """Predicted against actual values, all test rows."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    figure, axes = blank()
    found = details["predicted_actual"]
    low, high, weights = found["low"], found["high"], np.asarray(found["weights"], dtype=float)
    shown = np.ma.masked_less_equal(weights.T, 0)
    top = max(float(weights.max()), 1.0)
    floor = min(1.0, float(shown.min())) if shown.count() else 0.5
    tints = LinearSegmentedColormap.from_list("tints", ["#dbe8f6", "#6aa0d8", BLUE, "#16365f"])
    norm = LogNorm(floor, max(top, floor * 10))
    mesh = axes.imshow(shown, origin="lower", extent=(low, high, low, high), cmap=tints, norm=norm, aspect="auto")
    axes.plot([low, high], [low, high], color=ORANGE, linewidth=1.2)
    axes.set(title="Predicted against actual", xlabel="actual", ylabel="predicted", xlim=(low, high), ylim=(low, high))
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, label="test rows", format=lambda value, _: number(value))
    bar.outline.set_visible(False)
    return figure


def _largest(details: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    rows = {label: table["rows"] for label, table in details["per_class"].items()}
    drawn = sorted(details["curves"].items(), key=lambda item: -rows.get(item[0], 0))
    return drawn[:MOST_CURVES]


def _area(label: str, details: Mapping[str, Any], area: float) -> str:
    if len(details["curves"]) == 1:
        return f"area {area:.4f}"
    return f"{shortened(label, 18)} {area:.3f}"


def roc(details: Mapping[str, Any]) -> Figure:
    """The ROC curve of the positive class, or of each class against the rest."""
    figure, axes = blank()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    for colour, (label, curve) in zip(COLOURS, _largest(details), strict=False):
        points = curve["roc"]
        axes.plot(
            points["false_positive_rate"],
            points["true_positive_rate"],
            color=colour,
            linewidth=1.8,
            label=_area(label, details, curve["roc_auc"]),
        )
    axes.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1), ylim=(0, 1.01))
    axes.legend(loc="lower right")
    return figure


def precision_recall(details: Mapping[str, Any]) -> Figure:
    """Precision over recall."""
    figure, axes = blank()
    for colour, (label, curve) in zip(COLOURS, _largest(details), strict=False):
        points = curve["pr"]
        named = _area(label, details, curve["pr_auc"])
        axes.step(points["recall"], points["precision"], where="pre", color=colour, linewidth=1.8, label=named)
    axes.set(title="Precision and recall", xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.03))
    axes.legend(loc="lower left")
    return figure


def calibration(details: Mapping[str, Any]) -> Figure:
    """Predicted probabilities against what came true."""
    figure, axes = blank()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    single = len(details["curves"]) == 1
    for colour, (label, curve) in zip(COLOURS, _largest(details), strict=False):
        found = curve["calibration"]
        named = f"mean gap {found['error']:.3f}" if single else f"{shortened(label, 18)} {found['error']:.3f}"
        axes.plot(found["predicted"], found["observed"], "o-", markersize=4, color=colour, linewidth=1.4, label=named)
    axes.set(title="Calibration", xlabel="predicted probability", ylabel="share that came true")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(loc="upper left")
    return figure


def confusion(details: Mapping[str, Any]) -> Figure:
    """True against predicted classes, each row as shares."""
    from matplotlib.colors import LinearSegmentedColormap

    counts, labels = np.asarray(details["confusion"], dtype=float), list(details["labels"])
    counts, labels = _fewer(counts, labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = float(np.clip(1.9 + 0.42 * len(labels), 4.0, 10.0))
    figure, axes = blank(side + 1.4, side)
    tints = LinearSegmentedColormap.from_list("tints", ["#f4f7fb", "#8fb6e0", BLUE, "#1c477f"])
    axes.imshow(shares, cmap=tints, vmin=0, vmax=1, aspect="auto")
    names = [shortened(label, 20) for label in labels]
    rows = names + ["never seen in training"] * (len(counts) - len(names))
    slanted: dict[str, Any] = {"rotation": 50, "ha": "right", "rotation_mode": "anchor"} if len(names) > 4 else {}
    axes.set_xticks(range(len(names)), names, **slanted)
    axes.set_yticks(range(len(rows)), rows)
    if len(labels) <= 12:
        _write_cells(axes, counts, shares)
    axes.set(title="Confusion", xlabel="predicted", ylabel="actual")
    axes.grid(False)
    return figure


def _fewer(counts: Any, labels: list[str]) -> tuple[Any, list[str]]:
    """Only the classes with the most rows, where there are too many to tell apart."""
    if len(labels) <= MOST_CLASSES:
        return counts, labels
    kept = np.sort(np.argsort(-counts[: len(labels)].sum(axis=1), kind="stable")[:MOST_CLASSES])
    return counts[np.ix_(kept, kept)], [labels[k] for k in kept]


def _write_cells(axes: Any, counts: Any, shares: Any) -> None:
    for (i, j), count in np.ndenumerate(counts):
        colour = "white" if shares[i, j] > 0.45 else INK
        text = f"{int(count):,}\n{shares[i, j]:.0%}" if counts.shape[1] <= 6 else f"{int(count):,}"
        axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=8)


def importances(ranked: Sequence[tuple[str, float]]) -> Figure:
    """The features that weigh most."""
    top = list(ranked)[:20][::-1]
    figure, axes = blank(6.4, max(1.6, 0.7 + 0.26 * len(top)))
    axes.barh(range(len(top)), [weight for _, weight in top], color=BLUE, alpha=0.85, height=0.7)
    axes.set_yticks(range(len(top)), [shortened(name, 38) for name, _ in top])
    axes.set(title="Importances")
    axes.grid(False, axis="y")
    return figure

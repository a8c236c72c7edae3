"""Evaluation of regression: two passes over the test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.errors import DataError
from spark_jobs.training.binning import quantiles, shares_below
from spark_jobs.training.evaluation_result import Evaluation
from spark_jobs.training.grouped_counts import Tally, entry, tally
from spark_jobs.training.metrics import regression_metrics
from spark_jobs.training.slices import FIRST_SLICE, slice_columns, slice_entries, slice_metrics

TOTAL, CELLS = 0, 1
BASELINE = "baseline_"
GRID = 48
BARS = 60
RANKS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
SUMS = ("weight", "squared", "absolute", "relative", "nonzero", "shifted", "shifted2")


def evaluate_numbers(scored: DataFrame, slices: Sequence[str], weight: bool, constant: float | None) -> Evaluation:
    """Return metrics, residuals and slices of numeric predictions. See `evaluate`."""
    rows = scored.select(
        F.col("label").cast("double").alias("label"),
        F.col("prediction").cast("double").alias("prediction"),
        (F.col("weight").cast("double") if weight else F.lit(1.0)).alias("w"),
        *slice_columns(slices),
    )
    seen = _look(rows)
    low, high = _span(seen)
    measures = _measures(seen["center"], constant)
    counted = _count(rows.where(F.col("label").isNotNull()), measures, low, high, slices)
    total = counted.part(TOTAL)
    details = {
        "residuals": _residuals(seen["residuals"]),
        "predicted_actual": _grid(counted.part(CELLS), low, high),
        "slices": slice_metrics(counted, slices, lambda part: regression_metrics(_sums(part))),
        "label": {"min": seen["lowest"], "max": seen["highest"], "mean": seen["center"]},
    }
    if constant is not None:
        details["baseline"] = {"prediction": constant, "metrics": _baseline_metrics(total)}
    notes = _notes(seen, total)
    return Evaluation("regression", int(total["rows"][0]), regression_metrics(_sums(total)), details, notes)


def _look(rows: DataFrame) -> dict[str, Any]:
    """Return the values that the second pass needs for its bins, from the first pass."""
    label, w = F.col("label"), F.col("w")
    error = F.when(label.isNotNull(), F.col("prediction") - label)
    good = _finite(F.col("prediction")) & _finite(label)
    seen = rows.agg(
        F.count("*").alias("rows"),
        F.count(label).alias("labelled"),
        F.count(F.when(label.isNotNull() & ~good, 1)).alias("bad"),
        F.sum(F.when(label.isNotNull(), w)).alias("weight"),
        (F.sum(w * label) / F.sum(F.when(label.isNotNull(), w))).alias("center"),
        F.min("label").alias("lowest"),
        F.max("label").alias("highest"),
        F.kll_sketch_agg_double(label, F.lit(4000)).alias("labels"),
        F.kll_sketch_agg_double(F.when(label.isNotNull(), F.col("prediction")), F.lit(4000)).alias("predictions"),
        F.kll_sketch_agg_double(error, F.lit(4000)).alias("residuals"),
    ).toArrow()
    return _checked(dict(seen.to_pylist()[0]))


def _finite(value: Column) -> Column:
    return value.isNotNull() & ~F.isnan(value) & (F.abs(value) < F.lit(float("inf")))


def _checked(seen: dict[str, Any]) -> dict[str, Any]:
    if seen["labelled"] == 0 or not seen["weight"]:
        came = "no rows" if seen["rows"] == 0 else f"{seen['rows']} rows, none with a target and a weight above 0"
        raise DataError(
            f"The test part must hold rows with a target. Got {came}.",
            "Use more rows or a larger `split.test`; for a split by time or column, check its test rows.",
        )
    if seen["bad"]:
        raise DataError(
            f"Predictions and targets of test rows must be finite numbers. {seen['bad']}"
            f" of {seen['labelled']} rows have others.",
            "The model may have diverged: scale the features, or choose another `model.kind`.",
        )
    return seen


def _span(seen: dict[str, Any]) -> tuple[float, float]:
    """Return the range of the predicted-vs-actual plot, without the outermost 0.5 % at each end."""
    ends = np.array([quantiles(seen[name], (0.005, 0.995)) for name in ("labels", "predictions")])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _measures(center: float, constant: float | None) -> dict[str, Column]:
    """Return the sums that the metrics need; those of the baseline have the prefix `BASELINE`."""
    label, w = F.col("label"), F.col("w")
    baseline = {} if constant is None else _errors(F.lit(constant))
    apart = label - F.lit(center)
    return {
        "rows": F.count("*"),
        "weight": F.sum(w),
        **_errors(F.col("prediction")),
        **{f"{BASELINE}{name}": value for name, value in baseline.items()},
        "nonzero": F.sum(F.when(label != 0, w).otherwise(0.0)),
        "shifted": F.sum(w * apart),
        "shifted2": F.sum(w * apart * apart),
        "zeros": F.sum(F.when(label == 0, 1).otherwise(0)),
    }


def _errors(prediction: Column) -> dict[str, Column]:
    label, w = F.col("label"), F.col("w")
    error = prediction - label
    relative = F.when(label != 0, w * F.abs(error / label))
    return {
        "squared": F.sum(w * error * error),
        "absolute": F.sum(w * F.abs(error)),
        "relative": F.sum(F.coalesce(relative, F.lit(0.0))),
    }


def _count(rows: DataFrame, measures: Mapping[str, Column], low: float, high: float, slices: Sequence[str]) -> Tally:
    label = F.col("label")
    cells = entry(CELLS, _cell(label, low, high), _cell(F.col("prediction"), low, high))
    return tally(rows, [entry(TOTAL), cells, *slice_entries(slices)], measures, FIRST_SLICE if slices else None)


def _cell(value: Column, low: float, high: float) -> Column:
    """Return the grid index of a value; values outside the plot are -1 or `GRID`."""
    at = F.floor((value - F.lit(low)) / F.lit((high - low) / GRID))
    inner = F.when(value == high, F.lit(GRID - 1)).otherwise(at)
    return F.greatest(F.lit(-1), F.least(F.lit(GRID), inner))


def _sums(counted: Tally) -> dict[str, float]:
    return {name: float(counted[name].sum()) for name in SUMS}


def _baseline_metrics(total: Tally) -> dict[str, float]:
    errors = {name: float(total[f"{BASELINE}{name}"].sum()) for name in ("squared", "absolute", "relative")}
    return regression_metrics(_sums(total) | errors)


def _grid(counted: Tally, low: float, high: float) -> dict[str, Any]:
    """Return weights on a square grid, actual by row and predicted by column, and the number of rows outside."""
    a, b, weight = counted.key("a"), counted.key("b"), counted["weight"]
    inside = (a >= 0) & (a < GRID) & (b >= 0) & (b < GRID)
    grid = np.zeros((GRID, GRID))
    grid[a[inside], b[inside]] = weight[inside]
    outside = int(counted["rows"][~inside].sum())
    return {"low": low, "high": high, "weights": grid, "rows_outside": outside}


def _residuals(sketch: bytes) -> dict[str, Any]:
    """Return quantiles of predicted minus actual and a histogram of the inner 99 %, by rank within 0.0003."""
    low, high = quantiles(sketch, (0.005, 0.995))
    edges = np.linspace(low, high, BARS + 1) if high > low else np.linspace(low - 0.5, low + 0.5, BARS + 1)
    shares = np.diff(shares_below(sketch, edges))
    named = dict(zip((f"{rank:g}" for rank in RANKS), quantiles(sketch, RANKS).tolist(), strict=True))
    return {"quantiles": named, "edges": edges, "shares": shares}


def _notes(seen: dict[str, Any], total: Tally) -> tuple[str, ...]:
    zeros, unlabelled = int(total["zeros"][0]), seen["rows"] - seen["labelled"]
    notes = []
    if zeros:
        notes.append(f"mape leaves out {zeros} test rows whose target is 0.")
    if unlabelled:
        notes.append(f"{unlabelled} test rows without a target are excluded.")
    if seen["lowest"] == seen["highest"]:
        notes.append(f"All test rows have the target {seen['lowest']:g}: r2 is not meaningful.")
    return tuple(notes)

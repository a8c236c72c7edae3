"""Evaluation of classification: counts of the test rows, from two passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.functions import arrow_udf

from spark_jobs.errors import DataError
from spark_jobs.spec import Task
from spark_jobs.training.binning import FINEST, LARGEST_SKETCH, quantile_edges
from spark_jobs.training.curves import Bins, Doubles
from spark_jobs.training.grouped_counts import Tally, entry, tally
from spark_jobs.training.slices import slice_columns, slice_entries

CONFUSION, SCORES, UNSEEN = 0, 1, 99
UNKNOWN = "(unknown)"
MOST_BINS = 400_000
CLIP = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to evaluate: the task, its labels, the positive one, the slicing columns, and whether rows have weights."""

    task: Task
    labels: tuple[str, ...]
    positive: str | None
    slices: tuple[str, ...]
    weight: bool

    @property
    def curves(self) -> tuple[int, ...]:
        """Return the indices of the classes that get curves: the positive class of two, else every class."""
        if self.task == "binary":
            return (self.event,)
        return tuple(range(len(self.labels)))

    @property
    def event(self) -> int:
        """Return the index of the positive class; by default the last label."""
        return len(self.labels) - 1 if self.positive is None else self.labels.index(self.positive)


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of two passes: weighted and unweighted confusion matrices, binned scores, and their grouped counts."""

    confusion: Doubles
    rows: Doubles
    bins: dict[int, Bins]
    tally: Tally
    probabilities: bool


def count_classes(scored: DataFrame, ask: EvaluationRequest) -> Counted:
    """Count the test rows by class, score and slice.

    Args:
        scored: the test rows, as `evaluate` takes them.

    Raises:
        DataError: there are no rows, the rows are of one class only, or a score or prediction is not a number.
    """
    probabilities = "probability" in scored.columns
    rows = _rows(scored, ask, probabilities)
    edges, unseen = _first_pass(rows, ask)
    found = _second_pass(_binned(rows, edges), ask, probabilities, unseen)
    weights, counts = (confusion_of(found.part(CONFUSION), name, len(ask.labels)) for name in ("weight", "rows"))
    bins = {k: _bins(found.part(SCORES), k) for k in ask.curves}
    return Counted(weights, counts, bins, found, probabilities)


def _rows(scored: DataFrame, ask: EvaluationRequest, probabilities: bool) -> DataFrame:
    """Return label and prediction as indices (null: unseen), weight, losses, and a score `p<k>` per curve."""
    rows = scored.select(
        F.col("label").cast("int").alias("label"),
        F.col("prediction").cast("int").alias("prediction"),
        (F.col("weight").cast("double") if ask.weight else F.lit(1.0)).alias("w"),
        _vector(scored, "probability" if probabilities else "rawPrediction").alias("p"),
        (F.col("label_text") if "label_text" in scored.columns else F.lit(None).cast("string")).alias("label_text"),
        *slice_columns(ask.slices),
    )
    scores = {f"p{k}": F.get("p", F.lit(k)) + F.lit(0.0) for k in ask.curves}
    losses = {"loss": _log_loss(), "brier": _brier(ask)} if probabilities else {}
    return rows.withColumns({**scores, **losses}).drop("p")


def _vector(scored: DataFrame, name: str) -> Column:
    if isinstance(scored.schema[name].dataType, T.ArrayType):
        return F.col(name).cast("array<double>")
    return vector_to_array(F.col(name))


def _log_loss() -> Column:
    """Return -log of the probability of the true class, clipped as scikit-learn does; 0 counts for an unseen label."""
    given = F.coalesce(F.get("p", F.col("label")), F.lit(0.0))
    return -F.log(F.greatest(F.lit(CLIP), F.least(F.lit(1 - CLIP), given)))


def _brier(ask: EvaluationRequest) -> Column:
    if ask.task == "binary":
        off = F.get("p", F.lit(ask.event)) - _is(ask.event).cast("double")
        return off * off
    squares = F.aggregate("p", F.lit(0.0), lambda total, p: total + p * p)
    return squares - 2 * F.coalesce(F.get("p", F.col("label")), F.lit(0.0)) + 1


def _is(k: int) -> Column:
    return F.coalesce(F.col("label") == k, F.lit(False))


def _first_pass(rows: DataFrame, ask: EvaluationRequest) -> tuple[dict[int, Doubles], bool]:
    """Return the bin edges of each curve, and whether there are labels that training did not see.

    The rows of a class and all other rows get separate sketches, so that the rarer side has bins that are as fine.
    """
    count = int(np.clip(MOST_BINS // (2 * len(ask.curves)), 200, FINEST))
    scores = [F.struct(F.lit(k).alias("k"), F.col(f"p{k}").alias("p"), _is(k).alias("hit")) for k in ask.curves]
    bad = F.col("p").isNull() | F.isnan("p") | F.col("prediction").isNull()
    seen = (
        rows.select("label", "prediction", "w", F.explode(F.array(*scores)).alias("s"))
        .select("label", "prediction", "w", "s.*")
        .groupBy("k", "hit")
        .agg(
            F.count("*").alias("rows"),
            F.sum("w").alias("weight"),
            F.count(F.when(bad, 1)).alias("bad"),
            F.count("label").alias("known"),
            F.kll_sketch_agg_double("p", F.lit(min(count, LARGEST_SKETCH))).alias("sketch"),
        )
        .toArrow()
        .to_pylist()
    )
    _check(seen, ask)
    edges = {k: quantile_edges([row["sketch"] for row in seen if row["k"] == k], count) for k in ask.curves}
    return edges, any(row["known"] < row["rows"] for row in seen)


def _check(seen: list[dict[str, Any]], ask: EvaluationRequest) -> None:
    first = [row for row in seen if row["k"] == ask.curves[0]]
    total, weight = (sum(row[name] or 0 for row in first) for name in ("rows", "weight"))
    advice = "Use more rows or a larger `split.test`; for a split by time, group or column, check its test rows."
    if not weight:
        came = f"{total} rows of weight 0" if total else "no rows"
        raise DataError(f"The test part must hold rows of at least two classes. Got {came}.", advice)
    bad = max(row["bad"] for row in seen)
    if bad:
        raise DataError(
            f"Predictions and scores of test rows must be numbers. {bad} of {total} rows have none.",
            "The model may have diverged: scale the features, or choose another `model.kind`.",
        )
    only = _only({row["k"]: row["weight"] for row in seen if row["hit"] and row["weight"]}, weight, ask)
    if only is not None:
        raise DataError(f"The test part must hold at least two classes. Got {total} rows, {only}.", advice)


def _only(held: dict[int, float], weight: float, ask: EvaluationRequest) -> str | None:
    """Return a text if the test rows are of one class; `held` is the weight of each class that occurs."""
    if not held:
        return (
            f"none of them '{ask.labels[ask.event]}'" if ask.task == "binary" else "all with labels unseen in training"
        )
    if weight in held.values():
        return f"all of them '{ask.labels[next(iter(held))]}'"
    if len(held) == 1 and ask.task != "binary":
        return f"'{ask.labels[next(iter(held))]}' or with labels unseen in training"
    return None


def _binned(rows: DataFrame, edges: dict[int, Doubles]) -> DataFrame:
    """Return the rows with the bin `t<k>` of each score.

    Spark's `Bucketizer` is as fast per row, but copying 100,000 edges into the JVM one by one takes it eight seconds.
    """
    return rows.withColumns({f"t{k}": _place(found)(F.col(f"p{k}")) for k, found in edges.items()})


def _place(edges: Doubles) -> Callable[[Column], Column]:
    def place(scores: pa.Array) -> pa.Array:
        found = np.searchsorted(edges, scores.to_numpy(zero_copy_only=False), side="right")
        return pa.array(found.astype(np.int32))

    return cast(Callable[[Column], Column], arrow_udf(place, "int"))  # type: ignore[call-overload]  # its stubs want a type code


def _second_pass(rows: DataFrame, ask: EvaluationRequest, probabilities: bool, unseen: bool) -> Tally:
    own = {"p": F.lit(None).cast("double"), "hit": F.lit(None).cast("boolean")}
    true, called = F.coalesce("label", F.lit(len(ask.labels))), F.col("prediction")
    entries = [entry(CONFUSION, true, called, **own), *slice_entries(ask.slices, true, called, **own)]
    entries += [entry(SCORES, k, F.col(f"t{k}"), p=F.col(f"p{k}"), hit=_is(k)) for k in ask.curves]
    if unseen:
        text = F.when(F.col("label").isNull(), F.coalesce("label_text", F.lit(UNKNOWN)))
        entries.append(entry(UNSEEN, text=text, **own))
    return tally(rows, entries, _measures(probabilities), UNSEEN if unseen or ask.slices else None)


def _measures(probabilities: bool) -> dict[str, Column]:
    w = F.col("w")
    measures = {
        "rows": F.count("*"),
        "weight": F.sum(w),
        "hits": F.sum(F.when(F.col("hit"), w).otherwise(0.0)),
        "scores": F.sum(w * F.col("p")),
        "low": F.min("p"),
        "high": F.max("p"),
    }
    losses = {name: F.sum(w * F.col(name)) for name in ("loss", "brier")} if probabilities else {}
    return measures | losses


def confusion_of(counted: Tally, name: str, known: int) -> Doubles:
    """Return the confusion matrix, shape `(known + 1, known)`: true classes by row, predicted classes by column.

    The last row holds labels that training did not see.
    """
    matrix = np.zeros((known + 1, known))
    np.add.at(matrix, (counted.key("a"), counted.key("b")), counted[name])
    return matrix


def _bins(counted: Tally, k: int) -> Bins:
    rows = counted.table.filter(counted.key("a") == k)
    part = Tally(rows)
    hits = part["hits"]
    return Bins(part["low"], part["high"], hits, part["weight"] - hits, part["scores"], part["rows"])

"""Scoring in Spark through the graph: an Arrow UDF with one ONNX Runtime session per worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.unseen import COUNTS, UnseenCounter, distinct_texts
from spark_jobs.columns import cells
from spark_jobs.columns.arrow_batches import by_rows
from spark_jobs.columns.names import col, quoted
from spark_jobs.columns.types import ColumnType
from spark_jobs.graph.split_lookups import SplitLookups, split_lookups
from spark_jobs.plan import Plan
from spark_jobs.plan.learning_task import LearningTask

if TYPE_CHECKING:
    import numpy.typing as npt
    from onnx import ModelProto
    from onnxruntime import InferenceSession

_ANSWER = "⟨answer⟩"
_WIDE = 256
_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")


def graph_predictions(
    graph: bytes,
    plan: Plan,
    rows: DataFrame,
    sentinel: str,
    keep_valid: Callable[[DataFrame, str], DataFrame] | None = None,
    training_domain: TrainingDomain | None = None,
) -> DataFrame:
    """Return a graph's predictions of rows, in the columns of `feature_pipeline.predictions`, plus `valid`.

    `valid` is whether all outputs of a row are finite.

    Args:
        rows: The rows to score, with the columns of `plan.used`.
        sentinel: The text that stands for null in string inputs.
        keep_valid: Takes the rows with the graph's output, a column of the given name, and returns the rows and
            columns to keep.
        training_domain: Levels and ranges of the training data; the output counts the cells outside of them.
    """
    import onnx

    model = onnx.load_model_from_string(graph)
    answered = rows.withColumn(_ANSWER, answers(model, plan, rows, sentinel, training_domain or TrainingDomain()))
    kept = answered if keep_valid is None else keep_valid(answered, _ANSWER)
    whole = F.struct(*[col(name) for name in kept.columns if name != _ANSWER]).alias("_row")
    shares = any(one.name == "probabilities" for one in model.graph.output)
    return kept.select(whole, *_said(plan.problem, F.col(_ANSWER), shares))


def answers(model: ModelProto, plan: Plan, rows: DataFrame, sentinel: str, training_domain: TrainingDomain) -> Column:
    """Return the column of the graph's outputs.

    It is a struct of `prediction` (a double, or a class index), `valid`, for classes `scores`, and the counts of values
    outside the training domain, which only the last row of each partition has.
    """
    stored = dict(rows.dtypes)
    # Separate arguments, since a struct of the columns would copy them once more.
    asked = [_sent(plan, name, stored[name], training_domain) for name in plan.used]
    texts = [plan.type_of(name).cells == "text" for name in plan.used]
    runner = _runner(split_lookups(model), list(plan.used), texts, sentinel, training_domain)
    answer: Column = arrow_udf(_answer_type(plan.problem))(runner)(*asked)  # type: ignore[call-overload]
    return answer


def sending(
    spark: SparkSession, plan: Plan, training_domain: TrainingDomain | None = None
) -> AbstractContextManager[None]:
    """Send rows to the graph in batches of fixed row count during the block; long texts are shortened, see `_sent`."""
    texts = [name for name in plan.used if plan.type_of(name).cells == "text"]
    longest = max((_longest_level(plan, name, training_domain or TrainingDomain()) + 1 for name in texts), default=0)
    return by_rows(spark, len(texts), max(_WIDE, longest))


def _longest_level(plan: Plan, name: str, training_domain: TrainingDomain) -> int:
    encoded = (level for one in plan.categories if one.column == name for level in one.levels)
    return max(map(len, (*encoded, *training_domain.levels.get(name, ()))), default=0)


def _sent(plan: Plan, name: str, stored: str, training_domain: TrainingDomain) -> Column:
    """Return a column as it is sent to Python, with as little SQL as possible.

    The graph itself treats non-finite numbers as null, and the UDF trims each distinct text once.
    """
    kind = plan.type_of(name)
    if kind.cells == "number" and stored in _NUMBERS:
        return col(kind.name).cast("double")
    if kind.cells == "text" and stored == "string":
        text, longest = col(kind.name), _longest_level(plan, name, training_domain)
        trimmed = F.btrim(text, F.lit(BLANKS))
        # Replace a long text instead of cutting it: the cut text, trimmed again, could equal a level.
        short = F.when(F.char_length(trimmed) > longest, F.lit("-" * (longest + 1))).otherwise(trimmed)
        return F.when(F.octet_length(text) > _WIDE, short).otherwise(text)
    return graph_input(kind, stored, plan.timezone)


def graph_input(kind: ColumnType, stored: str, zone: str) -> Column:
    """Return a column in the graph's input type: a double (seconds since 1970 for dates and times) or trimmed text."""
    name = quoted(kind.name) if cells.accepts(kind.cells, stored) else f"CAST({quoted(kind.name)} AS STRING)"
    value = cells.value_sql(name, kind, zone)
    if kind.cells == "date":
        return F.expr(f"CAST(unix_date({value}) * 86400L AS DOUBLE)")
    return F.expr(f"unix_micros({value}) / 1000000D" if kind.cells == "timestamp" else value)


def _answer_type(problem: LearningTask) -> str:
    if not problem.labels:
        return f"struct<prediction: double, valid: boolean, {COUNTS}: array<bigint>>"
    return f"struct<prediction: int, valid: boolean, scores: array<double>, {COUNTS}: array<bigint>>"


def _said(problem: LearningTask, answer: Column, shares: bool) -> list[Column]:
    prediction, valid = answer["prediction"], answer["valid"].alias("valid")
    if not problem.labels:
        return [prediction.alias("prediction"), valid]
    scores = answer["scores"]
    labels = F.array(*[F.lit(label) for label in problem.labels])
    columns = [F.element_at(labels, prediction + 1).alias("prediction")]
    binary = problem.task == "binary"
    if shares:
        columns.append(F.map_from_arrays(labels, scores).alias("probabilities"))
        return [*columns, *([F.element_at(scores, 2).alias("probability")] if binary else []), valid]
    columns.append(F.lit(None).cast("map<string,double>").alias("probabilities"))
    if binary:
        columns += [F.lit(None).cast("double").alias("probability"), F.element_at(scores, 1).alias("margin")]
    return [*columns, valid]


def _runner(
    parts: SplitLookups, names: list[str], texts: list[bool], sentinel: str, training_domain: TrainingDomain
) -> Any:
    def predict(batches: Iterator[tuple[pa.Array, ...]]) -> Iterator[pa.Array]:
        from spark_jobs.bundle.runtime import run_graph

        count = UnseenCounter(training_domain)
        for batch, is_last in _with_last(batches):
            columns = (batch,) if len(names) == 1 else batch
            feed: dict[str, Any] = {}
            for name, text, values in zip(names, texts, columns, strict=True):
                if text:
                    feed |= _positions(parts, name, values, sentinel, count)
                else:
                    feed[name] = values.to_numpy(zero_copy_only=False)
                    count.numbers(name, feed[name])
            found, rows = run_graph(_session(parts.rest), feed), len(columns[0])
            yield _answer(found, bool(parts.labels), count.column(rows, is_last))

    return predict


def _with_last(batches: Iterator[tuple[pa.Array, ...]]) -> Iterator[tuple[tuple[pa.Array, ...], bool]]:
    """Yield the non-empty batches, each with whether it is the last one."""
    held = None
    for batch in batches:
        if len(batch[0] if isinstance(batch, tuple) else batch):
            if held is not None:
                yield held, False
            held = batch
    if held is not None:
        yield held, True


def _positions(
    parts: SplitLookups, name: str, values: pa.Array, sentinel: str, count: UnseenCounter
) -> Mapping[str, Any]:
    """Return a text column's level indices, looked up once for each distinct text; null comes after the texts."""
    trimmed, codes = distinct_texts(values)
    count.texts(name, trimmed, codes)
    asked = {name: _texts(trimmed, sentinel)}
    found = _session(parts.lookups[name]).run(list(parts.positions[name]), asked)
    return {place: table[codes] for place, table in zip(parts.positions[name], found, strict=True)}


def _texts(trimmed: Sequence[str], sentinel: str) -> npt.NDArray[Any]:
    """Return the texts, then the sentinel; a text equal to the sentinel is doubled, so that it stays unseen."""
    import numpy as np

    return np.array([*(sentinel * 2 if text == sentinel else text for text in trimmed), sentinel], dtype=object)


def _answer(found: Mapping[str, npt.NDArray[Any]], classes: bool, counts: pa.Array) -> pa.Array:
    import numpy as np

    told = {"valid": pa.array(found["valid"])}
    if not classes:
        return _struct(prediction=pa.array(found["prediction"]), **told, **{COUNTS: counts})
    rows = len(found["prediction"])
    scores = next(found[name] for name in ("probabilities", "margin") if name in found)
    width = scores.shape[1] if scores.ndim == 2 else 1
    edges = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
    told["scores"] = pa.ListArray.from_arrays(edges, pa.array(np.ascontiguousarray(scores).reshape(-1)))
    return _struct(prediction=pa.array(found["prediction"].astype(np.int32)), **told, **{COUNTS: counts})


def _struct(**fields: pa.Array) -> pa.Array:
    return pa.StructArray.from_arrays(list(fields.values()), list(fields))


@lru_cache(maxsize=64)
def _session(model: bytes) -> InferenceSession:
    """Return the process's session for a graph."""
    from spark_jobs.bundle.runtime import inference_session

    return inference_session(model)

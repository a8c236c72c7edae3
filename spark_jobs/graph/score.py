"""Scoring in Spark through the graph: Arrow batches of what the graph reads, one session of ONNX Runtime a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from spark_jobs.data import cells
from spark_jobs.data.names import col, quoted
from spark_jobs.data.types import ColumnType
from spark_jobs.graph.halves import Halves, halves
from spark_jobs.plan import Plan
from spark_jobs.plan.problem import Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from onnx import ModelProto
    from onnxruntime import InferenceSession

_ANSWER = "⟨answer⟩"


def graph_predictions(graph: bytes, plan: Plan, rows: DataFrame, sentinel: str) -> DataFrame:
    """What a graph says of rows, in the columns of `fitted.predictions`.

    And `valid`: whether what is said are finite numbers.
    """
    import onnx

    model = onnx.load_model_from_string(graph)
    answer = answers(model, plan, rows, sentinel).alias(_ANSWER)
    whole = F.struct(*[col(name) for name in rows.columns]).alias("_row")
    return rows.select(whole, answer).select(F.col("_row"), *_said(plan.problem, F.col(_ANSWER), _has_shares(model)))


def answers(model: ModelProto, plan: Plan, rows: DataFrame, sentinel: str) -> Column:
    """The graph's answer to each row.

    A struct of `prediction` (a double, or the position of a class), `scores` (array of double) and `valid`.
    """
    columns = [graph_input(plan.type_of(name), dict(rows.dtypes)[name], plan.timezone) for name in plan.used]
    asked = F.struct(*[value.alias(f"x{place}") for place, value in enumerate(columns)])
    texts = [plan.type_of(name).cells == "text" for name in plan.used]
    runner = _runner(halves(model), list(plan.used), texts, sentinel)
    answer: Column = arrow_udf(_answer_type(plan.problem))(runner)(asked)  # type: ignore[call-overload]
    return answer


def graph_input(kind: ColumnType, stored: str, zone: str) -> Column:
    """A column as the graph takes it: a double (seconds since 1970 for dates and times), or trimmed text."""
    name = quoted(kind.name) if cells.accepts(kind.cells, stored) else f"CAST({quoted(kind.name)} AS STRING)"
    value = cells.value_sql(name, kind, zone)
    if kind.cells == "date":
        return F.expr(f"CAST(unix_date({value}) * 86400L AS DOUBLE)")
    return F.expr(f"unix_micros({value}) / 1000000D" if kind.cells == "timestamp" else value)


def _answer_type(problem: Problem) -> str:
    said = "prediction: int" if problem.labels else "prediction: double"
    return f"struct<{said}, scores: array<double>, valid: boolean>"


def _has_shares(model: ModelProto) -> bool:
    return any(one.name == "probabilities" for one in model.graph.output)


def _said(problem: Problem, answer: Column, shares: bool) -> list[Column]:
    prediction, scores, valid = answer["prediction"], answer["scores"], answer["valid"].alias("valid")
    if not problem.labels:
        return [prediction.alias("prediction"), valid]
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


def _runner(parts: Halves, names: list[str], texts: list[bool], sentinel: str) -> Any:
    def run(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
        for batch in batches:
            fields = dict(zip(names, batch.flatten(), strict=True))
            feed: dict[str, Any] = {}
            for name, text in zip(names, texts, strict=True):
                feed |= _positions(parts, name, fields[name], sentinel) if text else {name: _numbers(fields[name])}
            yield _answered(_session(parts.rest), feed, bool(parts.labels))

    return run


def _numbers(values: pa.Array) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = values.to_numpy(zero_copy_only=False)
    return found


def _positions(parts: Halves, name: str, values: pa.Array, sentinel: str) -> Mapping[str, Any]:
    """The positions of a text column's levels, each distinct text looked up once."""
    coded = _unlike(values, sentinel).dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    asked = {name: coded.dictionary.to_numpy(zero_copy_only=False)}
    found = _session(parts.lookups[name]).run(list(parts.positions[name]), asked)
    return {place: table[codes] for place, table in zip(parts.positions[name], found, strict=True)}


def _unlike(values: pa.Array, sentinel: str) -> pa.Array:
    """Text with the sentinel for null; a text that happens to be the sentinel is another one, as unknown as it was."""
    import pyarrow.compute as pc

    same = pc.equal(values, sentinel)
    if pc.any(same).as_py():
        values = pc.if_else(same, sentinel * 2, values)
    return pc.fill_null(values, sentinel)


def _answered(session: InferenceSession, feed: Mapping[str, Any], classes: bool) -> pa.Array:
    import numpy as np

    outputs = [one.name for one in session.get_outputs()]
    found = dict(zip(outputs, session.run(outputs, feed), strict=True))
    rows = len(found["prediction"])
    scores = next((found[name] for name in ("probabilities", "margin") if name in found), np.zeros((rows, 0)))
    width = scores.shape[1] if scores.ndim == 2 else 1
    edges = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
    lists = pa.ListArray.from_arrays(edges, pa.array(np.ascontiguousarray(scores).reshape(-1)))
    said = pa.array(found["prediction"].astype(np.int32) if classes else found["prediction"])
    return pa.StructArray.from_arrays([said, lists, pa.array(found["valid"])], ["prediction", "scores", "valid"])


@lru_cache(maxsize=64)
def _session(model: bytes) -> InferenceSession:
    """One session a process and graph, one thread each: Spark already runs a process a core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

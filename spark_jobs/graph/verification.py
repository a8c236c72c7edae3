"""Verification that a graph matches its pipeline, on held-out rows and on adversarial rows.

The pipeline is reloaded from disk and runs under a session time zone other than the model's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.utils import is_remote

from spark_jobs.columns.names import col, quoted
from spark_jobs.errors import format_list
from spark_jobs.graph.adversarial import KIND, adversarial_rows, edge_cases, row_kinds
from spark_jobs.graph.compile import compile_graph, sentinel_for
from spark_jobs.graph.equivalence import answers_of
from spark_jobs.graph.parity import Answers, Parity, compare, row_values
from spark_jobs.graph.score import graph_input
from spark_jobs.graph.timezone import save_timezone_table
from spark_jobs.models import find
from spark_jobs.plan import Plan
from spark_jobs.runtime.temporary_settings import temporary_settings

if TYPE_CHECKING:
    from onnx import ModelProto

HELD_OUT = 10_000
_OWN = "held out"
_ELSEWHERE = ("Pacific/Chatham", "America/Caracas")
_SHOWN = 8


@dataclass(frozen=True)
class Compiled:
    """A graph, its sentinel for null, the folder of its pipeline, and the pipeline loaded from there."""

    model: ModelProto
    sentinel: str
    folder: Path
    loaded: PipelineModel


@dataclass(frozen=True)
class VerificationResult:
    """A serialized graph, its sentinel for null, and its parity with the pipeline.

    `example` describes a differing row. `held_out` has the held-out rows as the graph's inputs, one column per name.
    """

    graph: bytes
    sentinel: str
    parity: Parity
    example: str = ""
    held_out: pa.Table | None = None


def compile_saved(plan: Plan, folder: Path, loaded: PipelineModel, spark: SparkSession) -> Compiled:
    """Compile a saved pipeline to a graph, and save the time zone table that it needs.

    Raises:
        JobError: A stage or parameter does not match the plan or has no graph.
    """
    sentinel = sentinel_for(plan)
    save_timezone_table(plan, folder, spark)
    return Compiled(compile_graph(plan, folder, sentinel), sentinel, folder, loaded)


@dataclass(frozen=True)
class PipelineOutput:
    """A pipeline's outputs for rows, the graph's inputs for the same rows, and the required kinds of rows."""

    rows: pa.Table
    wanted: frozenset[str]


def verify_graph(compiled: Compiled, plan: Plan, held_out: DataFrame) -> VerificationResult:
    """Compare a graph with its pipeline on held-out and adversarial rows.

    The rows are collected to this process, where ONNX Runtime runs the graph. Their number does not grow with the data.

    Args:
        held_out: Typed rows that were not used in training, about ten thousand; all are used.
    """
    return compare_outputs(compiled, plan, pipeline_output(compiled, plan, held_out))


def pipeline_output(compiled: Compiled, plan: Plan, held_out: DataFrame) -> PipelineOutput:
    """Run the pipeline once on held-out and adversarial rows, under another session time zone."""
    made = _taken(compiled, plan)
    with _another_zone(held_out.sparkSession, plan.timezone) as spark:
        adversarial = _in_session(spark, held_out.sparkSession.createDataFrame(made))
        own = held_out.select(*[_plain(name, adversarial) for name in plan.used], F.lit(_OWN).alias(KIND))
        rows = _asked(compiled.loaded, plan, adversarial.unionByName(own)).toArrow()
    cases = edge_cases(plan, compiled.folder, compiled.model)
    return PipelineOutput(rows, frozenset({_OWN, *row_kinds(plan, cases)}))


def _in_session(spark: SparkSession, rows: DataFrame) -> DataFrame:
    """Move rows to another session; `createDataFrame` there would make that session the active one."""
    empty = spark.range(0).select([F.lit(None).cast(one.dataType).alias(one.name) for one in rows.schema])
    return empty.unionByName(rows)


def _taken(compiled: Compiled, plan: Plan) -> pa.Table:
    """Return the adversarial rows without those that the model rejects, since they would stop Spark."""
    made = adversarial_rows(plan, compiled.folder, compiled.model, compiled.sentinel)
    found = answers_of(compiled.model.SerializeToString(), made, plan, compiled.sentinel)
    scores = [values.reshape(len(values), -1) for values in found.values() if values.dtype.kind == "f"]
    finite = np.isfinite(np.concatenate(scores, axis=1)).all(axis=1)
    return made.filter(pa.array(found["valid"] | ~finite))


def compare_outputs(compiled: Compiled, plan: Plan, asked: PipelineOutput) -> VerificationResult:
    """Run the graph and compare its outputs with the pipeline's."""
    graph = bytes(compiled.model.SerializeToString())
    bound = find(plan.model).tolerance
    pipeline, own = _of_spark(asked.rows, plan), _of_graph(graph, asked.rows, plan, compiled.sentinel)
    parity = compare(pipeline, own, asked.rows.column(KIND).to_pylist(), bound, asked.wanted)
    example = "" if parity.example is None else _example(asked.rows, plan, pipeline, own, parity.example)
    return VerificationResult(graph, compiled.sentinel, parity, example, _held_out(asked.rows, plan))


def _held_out(rows: pa.Table, plan: Plan) -> pa.Table:
    own = rows.filter(pc.equal(rows.column(KIND), _OWN))
    return pa.table({name: own.column(f"x{at}") for at, name in enumerate(plan.used)})


def _example(rows: pa.Table, plan: Plan, pipeline: Answers, graph: Answers, row: int) -> str:
    """Describe one differing row: its inputs and both outputs."""
    given = {name: rows.column(f"x{at}")[row].as_py() for at, name in enumerate(plan.used)}
    asked = format_list((f"{name}={value!r:.60}" for name, value in given.items()), _SHOWN)
    both = (f"{', '.join(f'{value:.17g}' for value in row_values(each, row)[:_SHOWN])}" for each in (pipeline, graph))
    return f"For example ({rows.column(KIND)[row].as_py()}) {asked}: pipeline {next(both)}, graph {next(both)}."


def _plain(name: str, adversarial: DataFrame) -> Column:
    """Cast a column to its type in the adversarial rows: integers become doubles, which can hold all test values."""
    return col(name).cast(adversarial.schema[name].dataType).alias(name)


@contextmanager
def _another_zone(spark: SparkSession, zone: str) -> Iterator[SparkSession]:
    """Yield a session with another time zone; a new session if possible, since other threads use this one."""
    name = "spark.sql.session.timeZone"
    other = spark if is_remote() else spark.newSession()
    elsewhere = next(place for place in _ELSEWHERE if place != zone)
    with temporary_settings(other, {name: elsewhere}):
        yield other


def _asked(loaded: PipelineModel, plan: Plan, rows: DataFrame) -> DataFrame:
    """Return the pipeline's outputs for rows, and the graph's inputs for them (`x0`, `x1` …)."""
    stored = dict(rows.dtypes)
    given = [graph_input(plan.type_of(name), stored[name], plan.timezone) for name in plan.used]
    asked = rows.select("*", *[value.alias(f"⟨{place}⟩") for place, value in enumerate(given)])
    said = loaded.transform(asked)
    row = F.col("_row")
    scores = next((name for name in ("probability", "rawPrediction") if name in said.columns), None)
    return said.select(
        row[KIND].alias(KIND),
        F.col("prediction").alias("told"),
        (vector_to_array(F.col(scores)) if scores else F.array().cast("array<double>")).alias("scores"),
        *[F.col(f"_row.{quoted(f'⟨{place}⟩')}").alias(f"x{place}") for place in range(len(given))],
    )


def _of_spark(told: pa.Table, plan: Plan) -> Answers:
    prediction = told.column("told").to_numpy()
    if not plan.problem.labels:
        return Answers(prediction)
    scores = told.column("scores").combine_chunks().flatten().to_numpy().reshape(len(prediction), -1)
    return Answers(prediction, scores)


def _of_graph(graph: bytes, told: pa.Table, plan: Plan, sentinel: str) -> Answers:
    from spark_jobs.bundle.runtime import inference_session, run_graph

    found = run_graph(
        inference_session(graph), {n: _given(told.column(f"x{at}"), sentinel) for at, n in enumerate(plan.used)}
    )
    if not plan.problem.labels:
        return Answers(found["prediction"], valid=found["valid"])
    places = {label: place for place, label in enumerate(plan.problem.labels)}
    prediction = np.array([places[label] for label in found["prediction"]], dtype=np.float64)
    scores = found["probabilities"] if "probabilities" in found else found["margin"]
    if scores.ndim == 1:  # Spark outputs the margins of both classes
        scores = np.stack([-scores, scores], axis=1)
    return Answers(prediction, scores, found["valid"])


def _given(values: pa.ChunkedArray, sentinel: str) -> npt.NDArray[Any]:
    whole = values.combine_chunks()
    if not pa.types.is_string(whole.type):
        return np.asarray(whole.to_numpy(zero_copy_only=False), dtype=np.float64)
    texts: npt.NDArray[Any] = whole.to_numpy(zero_copy_only=False)
    return np.array([_text(text, sentinel) for text in texts], dtype=object)


def _text(text: str | None, sentinel: str) -> str:
    if text is None:
        return sentinel
    return sentinel * 2 if text == sentinel else text

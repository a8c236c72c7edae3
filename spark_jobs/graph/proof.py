"""The proof that a graph says what its pipeline says: on rows it has not seen, and on rows made to make it fail.

The pipeline is the one that was saved, not the one in memory, and runs under another time zone than the session's.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.ml.util import DefaultParamsReader
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.bundle.stages import read_pipeline
from spark_jobs.data.names import col, quoted
from spark_jobs.graph.adversarial import KIND, adversarial_rows
from spark_jobs.graph.compile import compile_graph, sentinel_for
from spark_jobs.graph.parity import Answers, Parity, compare
from spark_jobs.graph.score import graph_input
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    from onnx import ModelProto

HELD_OUT = 10_000
_OWN = "held out"
_ELSEWHERE = ("Pacific/Chatham", "America/Caracas")
BOUND, SINGLE = 1e-9, 1e-5


@dataclass(frozen=True)
class Compiled:
    """A graph, the text that stands for null in it, and its pipeline as it was loaded again."""

    model: ModelProto
    sentinel: str
    folder: Path
    loaded: PipelineModel


@dataclass(frozen=True)
class Proven:
    """A graph as bytes, the text that stands for null in it, and how it compares with its pipeline."""

    graph: bytes
    sentinel: str
    parity: Parity


def compile_saved(plan: Plan, folder: Path, spark: SparkSession) -> Compiled:
    """The graph of a saved pipeline, and the pipeline itself.

    Raises:
        JobError: a step or a parameter has no graph.
    """
    with ThreadPoolExecutor(1, "loading") as pool:
        loaded = pool.submit(load_pipeline, folder, spark)
        sentinel = sentinel_for(plan)
        return Compiled(compile_graph(plan, folder, sentinel), sentinel, folder, loaded.result())


def load_pipeline(folder: Path, spark: SparkSession) -> PipelineModel:
    """A saved pipeline, its stages loaded side by side: each is some small Spark jobs, which mostly wait."""
    places = [str(stage.folder) for stage in read_pipeline(folder)]
    with ThreadPoolExecutor(4, "loading") as pool:
        return PipelineModel(list(pool.map(lambda place: DefaultParamsReader.loadParamsInstance(place, spark), places)))


def prove(compiled: Compiled, plan: Plan, held_out: DataFrame) -> Proven:
    """Compare a graph with its pipeline on held-out rows (typed; all that are given, some ten thousand) and made ones.

    Both answers come to this process, where ONNX Runtime runs the graph: the rows do not grow with the data.
    """
    spark = held_out.sparkSession
    made = adversarial_rows(plan, read_pipeline(compiled.folder), compiled.model, compiled.sentinel)
    trials = spark.createDataFrame(made)
    own = held_out.select(*[_plain(held_out, name, trials) for name in plan.used], F.lit(_OWN).alias(KIND))
    with _another_zone(spark, plan.timezone):
        told = _told(compiled.loaded, plan, own.unionByName(trials)).toArrow()
    graph = bytes(compiled.model.SerializeToString())
    bound = SINGLE if plan.model == "xgboost" else BOUND
    parity = compare(
        _of_spark(told, plan), _of_graph(graph, told, plan, compiled.sentinel), told.column(KIND).to_pylist(), bound
    )
    return Proven(graph, compiled.sentinel, parity)


def _plain(rows: DataFrame, name: str, trials: DataFrame) -> Column:
    """A column in the type that the made rows have: a whole number becomes a double, which holds what they try."""
    return col(name).cast(trials.schema[name].dataType).alias(name)


@contextmanager
def _another_zone(spark: SparkSession, zone: str) -> Iterator[None]:
    name = "spark.sql.session.timeZone"
    before = spark.conf.get(name) or "UTC"
    spark.conf.set(name, next(other for other in _ELSEWHERE if other != zone))
    try:
        yield
    finally:
        spark.conf.set(name, before)


def _told(loaded: PipelineModel, plan: Plan, rows: DataFrame) -> DataFrame:
    """What the pipeline says of rows, beside what the graph is given of them (`x0`, `x1` …)."""
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
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    feed = {name: _given(told.column(f"x{place}"), sentinel) for place, name in enumerate(plan.used)}
    names = [output.name for output in session.get_outputs()]
    found: dict[str, npt.NDArray[Any]] = dict(zip(names, session.run(names, feed), strict=True))
    if not plan.problem.labels:
        return Answers(found["prediction"], valid=found["valid"])
    places = {label: place for place, label in enumerate(plan.problem.labels)}
    prediction = np.array([places[label] for label in found["prediction"]], dtype=np.float64)
    scores = found["probabilities"] if "probabilities" in found else found["margin"]
    if scores.ndim == 1:  # Spark says the margin of both classes
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

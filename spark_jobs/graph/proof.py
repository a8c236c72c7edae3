"""The proof that a graph says what its pipeline says: on rows it has not seen, and on rows made to make it fail.

The pipeline is the one that was saved, not the one in memory, and runs under another time zone than the session's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.bundle.stages import read_pipeline
from spark_jobs.data.names import col
from spark_jobs.graph.adversarial import KIND, adversarial_rows
from spark_jobs.graph.compile import compile_graph, sentinel_for
from spark_jobs.graph.score import answers
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    from onnx import ModelProto

HELD_OUT = 10_000
_OWN = "held out"
_ELSEWHERE = ("Pacific/Chatham", "America/Caracas")
BOUND, SINGLE = 1e-9, 1e-5


@dataclass(frozen=True)
class Parity:
    """How graph and pipeline compare: the rows of each kind, those that differ, and the largest difference.

    A difference is absolute or, for values above 1, relative. `example` is a row that differs, where there is one.
    """

    bound: float
    rows: Mapping[str, int]
    differing: Mapping[str, int]
    largest: float
    example: Mapping[str, str] | None = None

    @property
    def holds(self) -> bool:
        """Whether no row differs."""
        return not any(self.differing.values())

    def __str__(self) -> str:
        rows, off = sum(self.rows.values()), sum(self.differing.values())
        if self.holds:
            return f"equal on {rows:,} rows of {len(self.rows)} kinds, largest difference {self.largest:.1e}"
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.differing.items() if count)
        return f"{off:,} of {rows:,} rows differ ({kinds}), largest difference {self.largest:.1e}"

    def to_dict(self) -> dict[str, Any]:
        """The proof as JSON can hold it."""
        return asdict(self) | {"holds": self.holds}


@dataclass(frozen=True)
class Proven:
    """A graph as bytes, the text that stands for null in it, and how it compares with its pipeline."""

    graph: bytes
    sentinel: str
    parity: Parity


def compile_and_prove(plan: Plan, pipeline: Path, held_out: DataFrame) -> Proven:
    """The graph of a saved pipeline, compared with it.

    Raises:
        JobError: a step or a parameter has no graph.
    """
    sentinel = sentinel_for(plan)
    model = compile_graph(plan, pipeline, sentinel)
    return Proven(model.SerializeToString(), sentinel, prove(model, plan, pipeline, held_out, sentinel))


def prove(model: ModelProto, plan: Plan, pipeline: Path, held_out: DataFrame, sentinel: str) -> Parity:
    """Compare a graph with its saved pipeline on held-out rows (typed, all that are given) and on adversarial ones."""
    spark = held_out.sparkSession
    loaded = PipelineModel.read().session(spark).load(str(pipeline))
    made = spark.createDataFrame(adversarial_rows(plan, read_pipeline(pipeline), model, sentinel))
    own = held_out.select(*[_plain(held_out, name, made) for name in plan.used], F.lit(_OWN).alias(KIND))
    rows = own.unionByName(made)
    with _another_zone(spark, plan.timezone):
        return _compared(_both(model, plan, loaded, rows, sentinel), SINGLE if plan.model == "xgboost" else BOUND)


def _plain(rows: DataFrame, name: str, made: DataFrame) -> Column:
    """A column in the type that the made rows have: a whole number becomes a double, which holds what they try."""
    return col(name).cast(made.schema[name].dataType).alias(name)


@contextmanager
def _another_zone(spark: SparkSession, zone: str) -> Iterator[None]:
    name = "spark.sql.session.timeZone"
    before = spark.conf.get(name) or "UTC"
    spark.conf.set(name, next(other for other in _ELSEWHERE if other != zone))
    try:
        yield
    finally:
        spark.conf.set(name, before)


def _both(model: ModelProto, plan: Plan, loaded: PipelineModel, rows: DataFrame, sentinel: str) -> DataFrame:
    """The rows with what the pipeline says (`told`, `scores`) and what the graph says (`⟨graph⟩`)."""
    asked = rows.withColumn("⟨graph⟩", answers(model, plan, rows, sentinel))
    said = loaded.transform(asked)
    vector = "probability" if "probability" in said.columns else "rawPrediction"
    scores = vector_to_array(F.col(vector)) if vector in said.columns else F.array().cast("array<double>")
    if vector == "rawPrediction" and plan.problem.task == "binary":
        scores = F.slice(scores, 2, 1)
    row = F.col("_row")
    return said.select(row, F.col("prediction").alias("told"), scores.alias("scores"), row["⟨graph⟩"].alias("graph"))


def _compared(both: DataFrame, bound: float) -> Parity:
    off = _off(F.col("told"), F.col("graph.prediction"), F.col("scores"), F.col("graph.scores"))
    overflown = ~F.col("graph.valid") & ~_is_finite(F.col("told"), F.col("scores"))
    judged = both.select("_row", F.when(overflown, F.lit(0.0)).otherwise(off).alias("off"))
    differs = F.coalesce(F.col("off") > bound, F.lit(True))
    groups = judged.groupBy(F.col("_row")[KIND].alias("kind")).agg(
        F.count("*").alias("rows"),
        F.count_if(differs).alias("differing"),
        F.max("off").alias("largest"),
        F.first(F.when(differs, F.to_json("_row")), ignorenulls=True).alias("example"),
    )
    found = sorted(groups.collect(), key=lambda row: row["kind"])
    examples = {row["kind"]: row["example"][:2000] for row in found if row["example"]}
    return Parity(
        bound,
        {row["kind"]: row["rows"] for row in found},
        {row["kind"]: row["differing"] for row in found},
        max((row["largest"] or 0.0 for row in found), default=0.0),
        examples or None,
    )


def _is_finite(told: Column, scores: Column) -> Column:
    """Whether all that the pipeline says are numbers: where not, all that the graph has to say is `valid` = false."""
    below = [F.forall(scores, lambda one: F.abs(one) < float("inf")), F.abs(told) < float("inf")]
    return F.coalesce(below[0] & below[1], F.lit(False))


def _off(told: Column, graph: Column, scores: Column, other: Column) -> Column:
    """How far two answers are apart: of numbers the difference; of classes that of their scores, unless it is a tie."""
    apart = F.array_max(F.zip_with(scores, other, _apart))
    whole = F.when(F.size(scores) == F.size(other), apart).otherwise(F.lit(float("inf")))
    one, two = (F.element_at(scores, position.cast("int") + 1) for position in (told, graph))
    tie = F.when(F.size(scores) > 1, F.abs(one - two)).otherwise(F.abs(F.element_at(scores, 1)))
    of_class = F.when(told == graph, whole).otherwise(F.greatest(whole, tie))
    return F.when(F.size(other) == 0, _apart(told, graph.cast("double"))).otherwise(of_class)


def _apart(one: Column, other: Column) -> Column:
    """|a - b|, over |a| where that is above 1; 0 for the same infinity or two that are no numbers."""
    same = (one == other) | (F.isnan(one) & F.isnan(other))
    return F.when(same, F.lit(0.0)).otherwise(F.abs(one - other) / F.greatest(F.abs(one), F.lit(1.0)))

"""Batch scoring, warm, interleaved: ours, Spark's own transform, MLflow's spark_udf, the pipeline that people write."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.ml.regression import GBTRegressor, LinearRegression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import spark_jobs
from benchmarks import baseline, preparing
from benchmarks.interleave import environment, interleave, noop, ratio
from benchmarks.tables import TARGET, categorical_names, generated, numeric_names
from spark_jobs.bundle import GRAPH, load_manifest
from spark_jobs.graph.score import graph_predictions, sending
from spark_jobs.pipeline.feature_pipeline import predictions
from spark_jobs.plan import Plan
from spark_jobs.registry.tracking import Tracking, default_store
from spark_jobs.runtime import session
from spark_jobs.spec import Environment

ROWS, NUMERIC, CATEGORICAL = 1_000_000, 20, 8
TRAINED = 30_000
OVER_UDF = 1.5


@dataclass(frozen=True)
class Case:
    """A model to score with: the spec's options, the same in plain Spark ML, and what ours is to reach."""

    params: Mapping[str, Any]
    equivalent: Callable[[], Any]
    over_native: float


CASES = {
    "linear": Case({}, lambda: LinearRegression(labelCol=TARGET, regParam=1e-4), 2.0),
    "boosted_trees": Case(
        {"max_iter": 100, "max_depth": 5},
        lambda: GBTRegressor(labelCol=TARGET, maxIter=100, maxDepth=5, stepSize=0.2, maxBins=100),
        2.5,
    ),
}


def run(rounds: int, rows: int = ROWS, kinds: Sequence[str] = tuple(CASES)) -> None:
    """Measure, and print each figure beside what it is to reach."""
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            spark = session.open(environment(folder))
            try:
                _one(spark, Path(folder), kind, rounds, rows)
            finally:
                session.close(spark)


def _one(spark: SparkSession, folder: Path, kind: str, rounds: int, rows: int) -> None:
    table = generated(spark, folder, rows, NUMERIC, CATEGORICAL)
    few = folder / "few.parquet"
    table.where(F.rand(5) < TRAINED / rows).coalesce(1).write.parquet(str(few))
    ways = _ways(spark, folder, kind, few, table.drop(TARGET))
    _check_alike(ways)
    plan = Plan.from_json(next((folder / "bundles").rglob("plan.json")).read_text(encoding="utf-8"))
    sinks: dict[str, Callable[[DataFrame], object]] = {"noop": noop, "Delta": lambda x: _delta(x, folder / "scored")}
    jobs = {
        f"{name}, {sink}": _as_score_does(spark, plan, write, way) if name == "ours" else _to(write, way)
        for sink, write in sinks.items()
        for name, way in ways.items()
    }
    seconds = interleave(jobs, rounds)
    print(f"\n{kind}: {rows:,} rows, {NUMERIC + CATEGORICAL} columns, all kept; median of {rounds}, warm\n")
    print("| way | noop: seconds | rows a second | ours is faster by | Delta: seconds | ours is faster by |")
    print("|---|---|---|---|---|---|")
    for name in ways:
        print(_line(name, rows, seconds))
    print()
    _verdict(seconds, "Spark's transform", CASES[kind].over_native)
    _verdict(seconds, "spark_udf", OVER_UDF)


def _ways(spark: SparkSession, folder: Path, kind: str, few: Path, rows: DataFrame) -> dict[str, DataFrame]:
    """The scored rows by way, not yet computed: all columns and the prediction."""
    case = CASES[kind]
    spec = preparing.SPEC.model_dump(mode="json", by_alias=True, exclude_unset=True)
    spec |= {"source": {"path": str(few)}, "model": {"kind": kind, "params": dict(case.params)}}
    spec["features"] = {"categorical": "auto", "numeric": "auto"}
    with redirect_stderr(StringIO()):
        done = spark_jobs.train(spec, spark=spark, env=Environment(root=str(folder)))
    bundle = Path(done.bundle or "")
    plan = Plan.from_json((bundle / "plan.json").read_text(encoding="utf-8"))
    sentinel = load_manifest(bundle).null_sentinel
    pipeline = PipelineModel.load(str(bundle / "pipeline"))
    equivalent = folder / "equivalent"
    names = numeric_names(NUMERIC), categorical_names(CATEGORICAL)
    baseline.fit_model(spark.read.parquet(str(few)), *names, case.equivalent(), kind == "boosted_trees").save(
        str(equivalent)
    )
    scored = {
        "ours": graph_predictions((bundle / GRAPH).read_bytes(), plan, rows, sentinel),
        "Spark's transform": predictions(pipeline, plan.problem, rows),
    }
    return {
        **{name: one.select("_row.*", "prediction") for name, one in scored.items()},
        "spark_udf": rows.withColumn("prediction", _udf(spark, folder, done)),
        "baseline pipeline": PipelineModel.load(str(equivalent)).transform(rows).select(*rows.columns, "prediction"),
    }


def _udf(spark: SparkSession, folder: Path, done: Any) -> Any:
    """The same model as MLflow gives it to Spark: a pandas function, asked for what its signature names."""
    import mlflow

    with default_store(Tracking("sqlite", str(folder))):
        uri = f"models:/{done.model['name']}/{done.model['version']}"
        return mlflow.pyfunc.spark_udf(spark, uri, result_type="double", env_manager="local")()


def _check_alike(ways: Mapping[str, DataFrame]) -> None:
    same = {name: way for name, way in ways.items() if name != "baseline pipeline"}
    sums = {name: float(way.agg(F.sum("prediction")).collect()[0][0]) for name, way in same.items()}
    if max(sums.values()) - min(sums.values()) > 1e-9 * max(map(abs, sums.values())):
        raise SystemExit(f"The ways do not predict the same: {sums}")


def _as_score_does(
    spark: SparkSession, plan: Plan, sink: Callable[[DataFrame], object], rows: DataFrame
) -> Callable[[], object]:
    def write() -> None:
        with sending(spark, plan):
            sink(rows)

    return write


def _to(sink: Callable[[DataFrame], object], rows: DataFrame) -> Callable[[], object]:
    return lambda: sink(rows)


def _delta(scored: DataFrame, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    scored.write.format("delta").save(str(place))


def _line(name: str, rows: int, seconds: Mapping[str, Sequence[float]]) -> str:
    noop_s, delta_s = seconds[f"{name}, noop"], seconds[f"{name}, Delta"]
    faster = [ratio(its, seconds[f"ours, {sink}"]) for its, sink in ((noop_s, "noop"), (delta_s, "Delta"))]
    speed = rows / median(noop_s)
    return (
        f"| {name} | {median(noop_s):.2f} | {speed:,.0f} | {faster[0]:.2f} | {median(delta_s):.2f} | {faster[1]:.2f} |"
    )


def _verdict(seconds: Mapping[str, Sequence[float]], name: str, target: float) -> None:
    reached = ratio(seconds[f"{name}, noop"], seconds["ours, noop"])
    verdict = "reached" if reached >= target else "MISSED"
    print(f"- rows a second, ours / {name}: {reached:.2f}, to reach at least {target:.2f}: {verdict}")

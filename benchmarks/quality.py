"""How good the defaults are: means over five hash splits, and Adult on its official test file, beside their bounds."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from statistics import mean
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sklearn.metrics import roc_auc_score

import spark_jobs
from spark_jobs.spec.constants import LOWER_IS_BETTER

SEEDS = range(5)
ADULT_TEST = "../shared/data/adult/adult_test.csv"


@dataclass(frozen=True)
class Bound:
    """What the mean of a metric has to reach; errors have to stay below, all else above."""

    spec: str
    kind: str
    metric: str
    value: float

    def verdict(self, found: float) -> str:
        """Whether it is reached."""
        below = self.metric in LOWER_IS_BETTER
        return "reached" if (found <= self.value if below else found >= self.value) else "MISSED"


BOUNDS = (
    Bound("bank_full", "linear", "roc_auc", 0.902),
    Bound("california_housing", "linear", "rmse", 70_000),
    Bound("diamonds", "linear", "rmse", 1_160),
    Bound("car_evaluation", "linear", "accuracy", 0.90),
    Bound("bank_full", "xgboost", "roc_auc", 0.930),
    Bound("california_housing", "xgboost", "rmse", 48_500),
    Bound("diamonds", "xgboost", "rmse", 565),
    Bound("employee_salaries", "xgboost", "r2", 0.89),
)
OFFICIAL = (Bound("adult", "linear", "roc_auc", 0.904), Bound("adult", "xgboost", "roc_auc", 0.926))


def run() -> None:
    """Train and print one line a bound."""
    print("| data | model | metric | found | each | to reach | | seconds |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        spark = spark_jobs.open_session(spark_jobs.Environment(root=root))
        try:
            for bound in BOUNDS:
                _line(bound, lambda seed, bound=bound: _split(spark, root, bound, seed), SEEDS)
            for bound in OFFICIAL:
                _line(bound, lambda _, bound=bound: _official(spark, root, bound), range(1))
        finally:
            spark.stop()


def _line(bound: Bound, measure: Any, seeds: range) -> None:
    start = time.monotonic()
    found = [measure(seed) for seed in seeds]
    seconds = (time.monotonic() - start) / len(found)
    each = ", ".join(f"{one:.4g}" for one in found)
    shown = f"{mean(found):.4g} | {each} | {bound.value:g} | {bound.verdict(mean(found))} | {seconds:.0f}"
    print(f"| {bound.spec} | {bound.kind} | {bound.metric} | {shown} |", flush=True)


def _train(spark: SparkSession, root: str, bound: Bound, split: dict[str, Any]) -> spark_jobs.Result:
    env = spark_jobs.Environment(root=root)
    asked = f"benchmarks/conf/{bound.spec}.yml"
    return spark_jobs.train(asked, spark=spark, env=env, split=split, model={"kind": bound.kind})


def _split(spark: SparkSession, root: str, bound: Bound, seed: int) -> float:
    return float(_train(spark, root, bound, {"kind": "hash", "seed": seed}).metrics[bound.metric])


def _official(spark: SparkSession, root: str, bound: Bound) -> float:
    """Trained on all but a hundredth of the training file; the labels of the test file end in a full stop."""
    trained = _train(spark, root, bound, {"kind": "hash", "seed": 0, "test": 0.01})
    table = spark.read.csv(ADULT_TEST, header=True, ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True)
    rows = table.select(*[F.nullif(F.col(name), F.lit("?")).alias(name) for name in table.columns])
    scored = spark_jobs.load_model(trained, spark).predict(rows)
    found = scored.select(F.col("income").startswith(">50K").alias("y"), "probability").toPandas()
    return float(roc_auc_score(found["y"], found["probability"]))

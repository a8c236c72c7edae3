"""XGBoost's default compared with its former one of 400 rounds, on the same hash splits of ten data sets."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

from pyspark.sql import SparkSession

import spark_jobs
from spark_jobs.spec.constants import LOWER_IS_BETTER

SPLITS = range(2)
METRICS = {
    "adult": "roc_auc",
    "bank_full": "roc_auc",
    "bike_sharing": "rmse",
    "california_housing": "rmse",
    "car_evaluation": "log_loss",
    "chicago_crimes_10k": "roc_auc",
    "diamonds": "rmse",
    "employee_salaries": "rmse",
    "nursery": "log_loss",
    "titanic": "roc_auc",
}
FORMER = {"n_estimators": 400}
WINS, WORST = 7, 0.01


def run() -> None:
    """Train both on each split, and print one line a data set."""
    print("| data | metric | 400 rounds | default | better by | seconds, 400 rounds | default |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        spark = spark_jobs.open_session(spark_jobs.Environment(root=root))
        try:
            gains = [_line(spark, root, name) for name in METRICS]
        finally:
            spark.stop()
    wins = sum(gain > 0 for gain in gains)
    verdict = "reached" if wins >= WINS and min(gains) >= -WORST else "MISSED"
    print(f"\nBetter on {wins} of {len(gains)}, at worst {min(gains):+.1%}; to reach {WINS} and -1 %: {verdict}.")


def _line(spark: SparkSession, root: str, name: str) -> float:
    """Print the means, and return the relative gain."""
    former, seconds = _mean(spark, root, name, FORMER)
    default, seconds_now = _mean(spark, root, name, {})
    change = (default - former) / former
    gain = -change if METRICS[name] in LOWER_IS_BETTER else change
    shown = f"{former:.5g} | {default:.5g} | {gain:+.2%} | {seconds:.0f} | {seconds_now:.0f}"
    print(f"| {name} | {METRICS[name]} | {shown} |", flush=True)
    return gain


def _mean(spark: SparkSession, root: str, name: str, params: dict[str, Any]) -> tuple[float, float]:
    start = time.monotonic()
    spec = Path("benchmarks/conf") / f"{name}.yml"
    found = [
        spark_jobs.train(
            str(spec),
            spark=spark,
            env=spark_jobs.Environment(root=root),
            split={"kind": "hash", "seed": seed},
            model={"kind": "xgboost", "params": params},
        ).metrics[METRICS[name]]
        for seed in SPLITS
    ]
    return mean(found), (time.monotonic() - start) / len(found)

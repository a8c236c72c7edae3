"""How good `auto` is in ten minutes a data set: the mean over five hash folds, compared with published figures."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd
from pyspark.sql import SparkSession

import spark_jobs
from spark_jobs.spec.constants import LOWER_IS_BETTER

DATA = Path("../shared/data")
FOLDS = 5
MINUTES = 10
SEARCH = 0.7  # share of a fold's time for the search; staging, the last fit and the evaluation take the rest
FOLD = "hash_fold"


def _adult() -> pd.DataFrame:
    read = {"skipinitialspace": True, "na_values": "?"}
    table = pd.concat([pd.read_csv(DATA / "adult" / f"adult_{part}.csv", **read) for part in ("train", "test")])
    return table.assign(income=table["income"].str.rstrip("."))


def _csv(name: str, **options: Any) -> Callable[[], pd.DataFrame]:
    return lambda: pd.read_csv(DATA / name, **options)


def _nursery() -> pd.DataFrame:
    table = _csv("nursery/nursery.csv")()
    return table[table["class"] != "recommend"]


@dataclass(frozen=True)
class DataSet:
    """One data set with the task and columns of its published table, the bound, and the published figures."""

    name: str
    target: str
    metric: str
    bound: float
    published: str
    read: Callable[[], pd.DataFrame]
    spec: dict[str, Any] = field(default_factory=dict)

    def reached(self, found: float) -> bool:
        """Whether the mean over the folds reaches the bound."""
        return found <= self.bound if self.metric in LOWER_IS_BETTER else found >= self.bound


DATA_SETS = (
    DataSet(
        "adult", "income", "roc_auc", 0.9290,
        "AMLB, 10 folds, 1 h, 8 cores: LightAutoML 0.9329, AutoGluon 0.9320, FLAML 0.9314, H2O 0.9312, GAMA 0.9293, "
        "TPOT 0.9267; one XGBoost 0.9306",
        _adult, {"positive": ">50K"},
    ),
    DataSet(
        "bank_full", "y", "roc_auc", 0.937,
        "AMLB, 10 folds, 1 h, 8 cores: AutoGluon 0.9413, LightAutoML 0.9402, H2O 0.9392, FLAML 0.9376, GAMA 0.9369, "
        "TPOT 0.9326; one XGBoost 0.9365",
        _csv("bank_marketing/bank-full.csv", sep=";"), {"positive": "yes"},
    ),
    DataSet(
        "diamonds", "price", "rmse", 528,
        "AMLB, 10 folds, 1 h, 8 cores: AutoGluon 506, H2O 514, FLAML 520, LightAutoML 522, TPOT 535; one XGBoost 543",
        _csv("diamonds/diamonds.csv"),
    ),
    DataSet(
        "california_housing", "median_house_value", "rmse", 45_500,
        "10 folds, 1 h, 8 cores: H2O 43,290, AutoGluon 43,695, auto-sklearn 44,837, TPOT 46,605",
        _csv("california_housing/housing.csv"), {"columns": {"ignore": ["ocean_proximity"]}},
    ),
    DataSet(
        "car", "class", "log_loss", 0.02,
        "AMLB, 10 folds, 1 h, 8 cores: LightAutoML 0.0018, H2O 0.0019, FLAML 0.0027, AutoGluon 0.0052, GAMA 0.0148, "
        "mlr3automl 0.0214; one XGBoost 0.0314",
        _csv("car_evaluation/car.csv"),
    ),
    DataSet("nursery", "class", "log_loss", 0.005, "none with a protocol to restate", _nursery),
    DataSet(
        "employee_salaries", "current_annual_salary", "r2", 0.915,
        "skrub, 5 folds in row order: 0.894, 0.893, 0.923, 0.923, 0.922",
        _csv("employee_salaries/employee_salaries.csv"), {"clean": {"duplicates": {"by": "none"}}},
    ),
)  # fmt: skip


def run(names: list[str] | None = None, folds: int = FOLDS) -> None:
    """Train each fold of each data set with `model.kind: auto`, and print one line a data set."""
    print("| data | metric | mean | folds | to reach | | seconds | winners | published |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        spark = spark_jobs.open_session(spark_jobs.Environment(root=root))
        try:
            for one in DATA_SETS:
                if not names or one.name in names:
                    print(_line(spark, Path(root), one, folds), flush=True)
        finally:
            spark.stop()


def _line(spark: SparkSession, root: Path, data: DataSet, folds: int) -> str:
    source = root / f"{data.name}.csv"
    table = data.read()
    table.assign(**{FOLD: _hash_folds(table)}).to_csv(source, index=False)
    start = time.monotonic()
    results = [_trained(spark, root, data, source, fold) for fold in range(folds)]
    seconds = time.monotonic() - start
    scores = [float(one.metrics[data.metric]) for one in results]
    found, kinds = mean(scores), ", ".join(sorted({one.extra["tuning"]["model"] for one in results}))
    each = ", ".join(f"{one:.4g}" for one in scores)
    verdict = "reached" if data.reached(found) else "MISSED"
    bound = f"{data.bound:g} | {verdict} | {seconds:.0f} | {kinds} | {data.published}"
    return f"| {data.name} | {data.metric} | {found:.5g} | {each} | {bound} |"


def _hash_folds(table: pd.DataFrame) -> list[int]:
    """Return the fold of each row: a hash of its number."""
    return [int(sha256(str(number).encode()).hexdigest(), 16) % FOLDS for number in range(len(table))]


def _trained(spark: SparkSession, root: Path, data: DataSet, source: Path, fold: int) -> spark_jobs.Result:
    spec = {
        "name": f"{data.name}_{fold}",
        "source": str(source),
        "target": data.target,
        "split": {"kind": "column", "column": FOLD, "test_value": fold},
        "model": {"kind": "auto"},
        "tune": {"metric": data.metric, "minutes": SEARCH * MINUTES / FOLDS},
        **data.spec,
    }
    start = time.monotonic()
    result = spark_jobs.train(spec, spark=spark, env=spark_jobs.Environment(root=str(root)))
    seconds = time.monotonic() - start
    print(f"{data.name} fold {fold}: {result.metrics[data.metric]:.5g}, {seconds:.0f} s", file=sys.stderr, flush=True)
    return result

"""Forty small pipelines over every algorithm, step and option, fitted on one table and saved, for all who test them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from spark_jobs.columns.types import ColumnType
from spark_jobs.plan import LearningTask, Plan, make
from spark_jobs.spec import parse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_jobs.graph.verification import Compiled

ROWS = 360
ODD = "a.b `c` 🚲"
SENTINEL = "⟨null⟩"
CITIES = ["Oslo", "Rome", "Lima", "日本", SENTINEL, SENTINEL * 2, "it's", "", "  "]
GRADES = ["low", "mid", "high"]
MANY = [f"level {number:04d}" for number in range(5000)]
LABELS: Mapping[str, tuple[str, ...]] = {
    "regression": (),
    "binary": ("no", "yes, 'so'"),
    "multiclass": ("a", SENTINEL, "ö 🚲"),
}
KINDS = {
    ODD: "number",
    "count": "number",
    "same": "number",
    "big": "number",
    "bit": "number",
    "flag": "boolean",
    "city": "text",
    "tag": "text",
    "grade": "text",
    "day": "date",
    "moment": "timestamp",
}
ARROW = {
    "text": pa.string(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def column_type(name: str, kind: Any) -> ColumnType:
    return ColumnType(name, kind, "category" if kind == "text" else kind, "")


def _table() -> pa.Table:
    """What all learn from: outliers, a constant, a spread that is tiny against its mean, few months, nulls."""
    random = np.random.default_rng(11)
    size = random.normal(50, 10, ROWS)
    size[::30] = 400.0
    count = random.integers(0, 7, ROWS)
    city = random.choice(CITIES, ROWS, p=[0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.1, 0.1, 0.05])
    grade = random.choice(GRADES, ROWS)
    years, days = random.integers(2019, 2023, ROWS), random.integers(1, 29, ROWS)
    months = random.choice([2, 7, 11], ROWS)
    times = random.integers(0, 86_400 * 10**6, ROWS)
    moments = [
        datetime(year, month, day, tzinfo=UTC) + timedelta(microseconds=int(time))
        for year, month, day, time in zip(years.tolist(), months.tolist(), days.tolist(), times, strict=True)
    ]
    columns: dict[str, list[Any]] = {
        ODD: size.tolist(),
        "count": count.astype(float).tolist(),
        "same": [7.25] * ROWS,
        "big": (1e9 + random.normal(0, 1e-3, ROWS)).tolist(),
        "bit": random.integers(0, 2, ROWS).astype(float).tolist(),
        "flag": (random.random(ROWS) < 0.3).tolist(),
        "city": city.tolist(),
        "tag": [f"tag {one}" for one in random.zipf(1.5, ROWS) % 80],
        "grade": grade.tolist(),
        "day": [date(2020, 6, 1) + timedelta(days=7 * week + 5 * later) for week, later in _weeks(random)],
        "moment": moments,
    }
    score = size / 20 + count + 2 * (city == "Rome") - 3 * (grade == "low") + random.normal(size=ROWS)
    score += np.array([one.hour / 6 + 2 * (one.month > 6) for one in moments]) + 2 * np.array(columns["flag"])
    for rank, (name, values) in enumerate(columns.items()):
        if name not in ("big", "bit"):
            values[rank :: 13 + rank] = [None] * len(values[rank :: 13 + rank])
    arrays = {name: pa.array(values, ARROW[KINDS[name]]) for name, values in columns.items()}
    three = np.digitize(score, np.quantile(score, [0.3, 0.6])).astype(float)
    beside = {"regression": score, "binary": (score > np.quantile(score, 0.7)).astype(float), "multiclass": three}
    return pa.table({**arrays, **beside, "w": random.uniform(0.5, 2, ROWS), "id": range(ROWS)})


def _weeks(random: np.random.Generator) -> Iterable[tuple[int, int]]:
    """Mondays and Saturdays of a summer: few enough months and weekdays that each is a level of its own."""
    return zip(random.integers(0, 12, ROWS).tolist(), random.integers(0, 2, ROWS).tolist(), strict=True)


TABLE = _table()


@dataclass(frozen=True)
class Case:
    """A pipeline to be: the task, the algorithm with its options, the columns it reads, and the rest of the spec."""

    task: str
    model: str
    use: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """A pipeline that was fitted, saved and compiled."""

    plan: Plan
    folder: Path
    compiled: Compiled


PLAIN = (ODD, "count", "city")
_SHALLOW = {"max_depth": 3}
_FEW_BOOSTED = {"max_iter": 3, "max_depth": 3}
_FEW_XGBOOST = {"n_estimators": 3, "max_depth": 3}
_IQR = {"outliers": {"rule": "iqr"}}

CASES = {
    "linear, every kind of column": Case(
        "regression",
        "linear",
        (ODD, "count", "same", "big", "flag", "city", "grade", "day", "moment"),
        keys={"timezone": "Europe/Oslo", "clean": _IQR | {"missing": {"indicator": True}}},
    ),
    "linear, 5,000 levels": Case(
        "regression",
        "linear",
        (ODD, "grade"),
        keys={"columns": {"order": {"grade": MANY}}, "features": {"max_categories": 10_000, "categorical": "one_hot"}},
    ),
    "logistic, balanced, min-max": Case(
        "binary",
        "linear",
        (ODD, "count", "same", "city", "day"),
        keys={
            "features": {"numeric": "min_max"},
            "clean": {"missing": {"numeric": "mean", "categorical": "mode"}},
            "model": {"balance": True},
        },
    ),
    "logistic, target encoding, robust, weights": Case(
        "multiclass",
        "linear",
        (ODD, "big", "city", "tag"),
        keys={"weight": "w", "features": {"categorical": "target", "numeric": "robust"}},
    ),
    "tree, scaled, by the clock": Case(
        "regression",
        "tree",
        (ODD, "count", "same", "big", "flag", "city", "moment"),
        {"max_depth": 6},
        {"timezone": "Europe/Oslo", "features": {"numeric": "standard"}},
    ),
    "tree, one-hot, rare levels": Case(
        "multiclass",
        "tree",
        (ODD, "tag", "flag", "day"),
        _SHALLOW,
        {"features": {"categorical": "one_hot", "numeric": "robust", "max_categories": 5}},
    ),
    "forest, max-abs, an order of levels": Case(
        "binary",
        "forest",
        (ODD, "same", "city", "grade", "day"),
        {"num_trees": 4, "max_depth": 5},
        {"columns": {"order": {"grade": GRADES}}, "features": {"numeric": "max_abs"}},
    ),
    "boosted, outliers to null": Case(
        "regression",
        "boosted_trees",
        (ODD, "big", "city", "tag"),
        _FEW_BOOSTED,
        {
            "clean": {"outliers": {"rule": "zscore", "factor": 2.0, "action": "null"}, "missing": {"indicator": True}},
            "features": {"numeric": "min_max", "per_column": {"tag": {"categorical": "target"}}},
        },
    ),
    "boosted, two classes": Case("binary", "boosted_trees", (*PLAIN, "flag"), _FEW_BOOSTED),
    "svm, two classes": Case("binary", "svm", PLAIN, {"max_iter": 5}),
    "complement naive Bayes": Case(
        "multiclass", "naive_bayes", (*PLAIN, "day"), {"model_type": "complement", "smoothing": 0.5}, {"weight": "w"}
    ),
    "neural net": Case("multiclass", "neural_net", PLAIN, {"hidden_layers": [4], "max_iter": 10}),
    "gaussian naive Bayes": Case("multiclass", "naive_bayes", (*PLAIN, "same", "day")),
    "bernoulli naive Bayes": Case(
        "binary", "naive_bayes", ("bit", "flag", "city", "grade"), {"model_type": "bernoulli"}
    ),
    "xgboost, three classes": Case(
        "multiclass",
        "xgboost",
        (*PLAIN, "tag"),
        _FEW_XGBOOST,
        {"features": {"numeric": "standard", "max_categories": 20}},
    ),
}
_LONG = {
    "linear, lasso without a constant term": Case(
        "regression", "linear", PLAIN, {"elastic_net_param": 0.7, "reg_param": 0.05, "fit_intercept": False}
    ),
    "linear, times only": Case("regression", "linear", ("day", "moment"), keys={"timezone": "Asia/Kathmandu"}),
    "linear, no dates": Case(
        "regression",
        "linear",
        (ODD, "flag", "day", "moment"),
        keys={"features": {"date": "none"}, "clean": {"missing": {"numeric": -3.5}}},
    ),
    "linear, one category only": Case(
        "regression", "linear", ("tag",), keys={"clean": {"missing": {"categorical": "other", "indicator": True}}}
    ),
    "linear, every scaler": Case(
        "regression",
        "linear",
        (ODD, "count", "same", "big", "bit"),
        keys={
            "features": {
                "per_column": {
                    ODD: {"numeric": "robust"},
                    "count": {"numeric": "max_abs"},
                    "same": {"numeric": "min_max"},
                    "bit": {"numeric": "none"},
                }
            }
        },
    ),
    "logistic, every encoder": Case(
        "multiclass",
        "linear",
        (ODD, "city", "grade", "tag", "moment"),
        keys={
            "timezone": "Australia/Lord_Howe",
            "features": {
                "per_column": {
                    "city": {"categorical": "label"},
                    "grade": {"categorical": "target"},
                    "tag": {"categorical": "one_hot"},
                }
            },
        },
    ),
    "logistic, quantile bounds": Case(
        "binary", "linear", PLAIN, keys={"clean": {"outliers": {"rule": "quantile", "lower": 0.05, "upper": 0.9}}}
    ),
    "tree, a root alone": Case("binary", "tree", (ODD, "city"), {"max_depth": 0}),
    "tree, labels in an order, min-max": Case(
        "binary",
        "tree",
        (ODD, "grade", "city"),
        {"max_depth": 8, "min_instances_per_node": 1},
        {"columns": {"order": {"grade": GRADES, "city": CITIES[:4]}}, "features": {"numeric": "min_max"}},
    ),
    "tree, categories only": Case("multiclass", "tree", ("city", "tag", "grade"), {"max_depth": 6}),
    "tree, days": Case("regression", "tree", ("day", "flag"), {"max_depth": 6}, {"features": {"numeric": "max_abs"}}),
    "forest, target encoding, robust": Case(
        "regression",
        "forest",
        (ODD, "big", "tag", "moment"),
        {"num_trees": 4, "max_depth": 6},
        {"timezone": "America/St_Johns", "features": {"categorical": "target", "numeric": "robust"}},
    ),
    "forest, three classes": Case(
        "multiclass",
        "forest",
        (ODD, "big", "day", "tag", "moment"),
        {"num_trees": 5, "max_depth": 12, "min_instances_per_node": 1},
        {"timezone": "Asia/Kolkata"},
    ),
    "forest, weights, one-hot": Case(
        "binary",
        "forest",
        (*PLAIN, "flag"),
        {"num_trees": 4},
        {"weight": "w", "features": {"categorical": "one_hot", "numeric": "standard"}},
    ),
    "boosted, one-hot, by the clock": Case(
        "binary",
        "boosted_trees",
        (ODD, "city", "moment"),
        {"max_iter": 6, "max_depth": 4, "step_size": 0.5},
        {"timezone": "Pacific/Apia", "features": {"categorical": "one_hot", "numeric": "robust"}},
    ),
    "boosted, one tree": Case("regression", "boosted_trees", (ODD, "count"), {"max_iter": 1}),
    "svm, target encoding, dates": Case(
        "binary", "svm", (ODD, "tag", "day"), {"max_iter": 5}, {"features": {"categorical": "target"}}
    ),
    "svm, balanced": Case(
        "multiclass", "svm", (*PLAIN, "flag"), {"max_iter": 3, "fit_intercept": False}, {"model": {"balance": True}}
    ),
    "neural net, two classes, two layers": Case(
        "binary", "neural_net", (*PLAIN, "same"), {"hidden_layers": [5, 3], "max_iter": 10}
    ),
    "neural net without a hidden layer": Case(
        "multiclass", "neural_net", PLAIN, {"hidden_layers": [], "max_iter": 5}, {"features": {"numeric": "min_max"}}
    ),
    "multinomial naive Bayes": Case("multiclass", "naive_bayes", PLAIN, {"model_type": "multinomial"}),
    "svm, three classes": Case("multiclass", "svm", (ODD, "city"), {"max_iter": 2}),
    "gaussian naive Bayes, two classes": Case(
        "binary", "naive_bayes", ("count", "tag", "flag"), {}, {"features": {"categorical": "target"}}
    ),
    "xgboost, a number": Case(
        "regression",
        "xgboost",
        (ODD, "big", "day", "moment"),
        _FEW_XGBOOST,
        {"timezone": "Africa/Casablanca", "features": {"numeric": "min_max"}},
    ),
    "xgboost, two classes": Case(
        "binary",
        "xgboost",
        (*PLAIN, "same"),
        _FEW_XGBOOST,
        {"weight": "w", "features": {"categorical": "label_target"}},
    ),
}
SHORT = tuple(CASES)
LONG = tuple(_LONG)
CASES |= _LONG


def rows_of(table: pa.Table, spark: SparkSession, place: Path) -> DataFrame:
    """The table as a training stages it, kept as one Parquet file."""
    from pyspark.sql import functions as F

    from spark_jobs.training.staging import HASH, NUMBER

    beside = {HASH: F.xxhash64("id"), NUMBER: F.col("id")}
    spark.createDataFrame(table).withColumns(beside).coalesce(1).write.parquet(str(place))
    return spark.read.parquet(str(place))


def _spec(case: Case) -> Any:
    keys = dict(case.keys)
    ignored = {"ignore": [name for name in KINDS if name not in case.use], "keep_leaks": True}
    return parse(
        {
            "source": "x.csv",
            "target": "y",
            "columns": ignored | keys.pop("columns", {}),
            "model": {"kind": case.model, "params": dict(case.params)} | keys.pop("model", {}),
            **keys,
        }
    )


def make_pipeline(case: Case, rows: DataFrame, folder: Path) -> Made:
    """Learn, plan, fit, save and compile as a training does."""
    from pyspark.sql import functions as F

    from spark_jobs.graph.verification import compile_saved
    from spark_jobs.pipeline.persistence import save_pipeline
    from spark_jobs.training.fit import fit
    from spark_jobs.training.staging import LABEL, WEIGHT
    from spark_jobs.training.training_profile import profile_training_rows

    spec, labels = _spec(case), LABELS[case.task]
    kinds = {**KINDS, "y": "number"} | ({"w": "number"} if spec.weight else {})
    types = {name: column_type(name, kind) for name, kind in kinds.items()}
    problem = LearningTask(case.task, "y", labels, labels[1] if len(labels) == 2 else None)  # type: ignore[arg-type]
    taught = rows.withColumns({LABEL: F.col(case.task), WEIGHT: F.col("w") if spec.weight else F.lit(1.0)})
    training_profile = profile_training_rows(taught, spec, types, problem)
    plan = make(spec, list(types.values()), problem, training_profile.profile, training_profile.drops)
    counts = np.bincount(TABLE.column(case.task).to_numpy().astype(int)).tolist() if labels else []
    trained = fit(training_profile.rows, plan, training_profile.profile, dict(enumerate(counts)))
    loaded = save_pipeline(trained.pipeline, folder / "pipeline", rows.sparkSession)
    return Made(plan, folder / "pipeline", compile_saved(plan, folder / "pipeline", loaded, rows.sparkSession))


class Pipelines:
    """The pipelines by name, each made once; those that were announced are made beside the tests, two at a time.

    They have a session of their own where there can be one: what tests set or drop in theirs is nothing to them.
    """

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        from pyspark.sql.utils import is_remote

        self.folder = folder
        self._pool = ThreadPoolExecutor(2, "pipelines")
        self._rows = self._pool.submit(rows_of, TABLE, spark if is_remote() else spark.newSession(), folder / "table")
        self._found: dict[str, Future[Made]] = {}

    def announce(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._found:
                place = self.folder / str(len(self._found))
                self._found[name] = self._pool.submit(self._made, CASES[name], place)

    def _made(self, case: Case, place: Path) -> Made:
        return make_pipeline(case, self._rows.result(), place)

    def __getitem__(self, name: str) -> Made:
        self.announce([name])
        return self._found[name].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

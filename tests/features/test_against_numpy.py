"""Every step and option against numpy and scikit-learn, on rows with nulls, constants, outliers and unseen values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from spark_jobs.columns.types import ColumnType
from spark_jobs.features.level_means import COMMON, smoothing
from spark_jobs.pipeline.feature_pipeline import FeaturePipeline, fit_features
from spark_jobs.plan import LearningTask, Plan, make
from spark_jobs.profile.levels import LevelCounts
from spark_jobs.spec import Spec
from spark_jobs.training.fit import learned_features
from spark_jobs.training.staging import HASH, LABEL, NUMBER, WEIGHT
from spark_jobs.training.training_profile import TrainingProfile, profile_training_rows

ROWS = 1200
ODD = 'a.b `c" 🚲'
RANDOM = np.random.default_rng(11)


def _table() -> pd.DataFrame:
    x = RANDOM.normal(50, 10, ROWS)
    x[::40] = 500.0  # outliers
    skewed = RANDOM.exponential(3.0, ROWS)
    skewed[5::11] = np.nan
    counts = RANDOM.integers(0, 5, ROWS).astype(float)
    counts[::9] = np.nan
    city = RANDOM.choice(["Oslo", "Rome", "Lima", "it's; --"], ROWS, p=[0.6, 0.25, 0.1, 0.05]).astype(object)
    city[::25] = None
    rare = np.array([f"level {i}" for i in RANDOM.zipf(1.6, ROWS) % 150], dtype=object)
    days = pd.Timestamp("2020-01-31") + pd.to_timedelta(RANDOM.integers(0, 2000, ROWS), unit="D")
    frame = pd.DataFrame({ODD: x, "skewed": skewed, "counts": counts, "city": city, "rare": rare})
    frame["big"] = 1e9 + RANDOM.normal(0, 1e-3, ROWS)
    frame["day"] = days.date
    frame["flag"] = RANDOM.random(ROWS) < 0.3
    return frame


TABLE = _table()
Y = np.nan_to_num(TABLE[ODD].to_numpy()) * 0.1 + (TABLE["city"] == "Rome").to_numpy() * 5 + RANDOM.normal(size=ROWS)
Y += TABLE["rare"].str.len().to_numpy() * 3.0
TYPES = [
    ColumnType(ODD, "number", "number", "numbers"),
    ColumnType("skewed", "number", "number", "numbers"),
    ColumnType("counts", "number", "number", "numbers"),
    ColumnType("city", "text", "category", "text"),
    ColumnType("rare", "text", "category", "text"),
    ColumnType("big", "number", "number", "numbers"),
    ColumnType("day", "date", "date", "dates"),
    ColumnType("flag", "boolean", "boolean", "true and false"),
    ColumnType("y", "number", "number", "numbers"),
]
PROBLEM = LearningTask("regression", "y")
ALL = [kind.name for kind in TYPES if kind.name != "y"]


@pytest.fixture(scope="module")
def rows(session: SparkSession) -> DataFrame:
    frame = TABLE.assign(y=Y, number=range(ROWS))
    schema = (
        "x0 double, x1 double, x2 double, x3 string, x4 string, x5 double, x6 date, x7 boolean, y double, number long"
    )
    values = [
        tuple(None if value is None or value != value else value for value in row)
        for row in frame.itertuples(index=False, name=None)
    ]
    names = [F.col(f"x{i}").alias(name) for i, name in enumerate(ALL)]
    made = session.createDataFrame(values, schema).select(
        *names,
        "y",
        F.col("y").alias(LABEL),
        F.lit(1.0).alias(WEIGHT),
        F.xxhash64("number").alias(HASH),
        F.col("number").alias(NUMBER),
    )
    return made


def _spec(use: list[str], **parts: Any) -> Spec:
    ignore = [name for name in ALL if name not in use]
    return Spec.model_validate(
        {
            "name": "t",
            "source": {"path": "t.csv"},
            "target": "y",
            "columns": {"ignore": ignore, **parts.pop("columns", {})},
        }
        | parts
    )


def _fit(rows: DataFrame, spec: Spec) -> tuple[Plan, FeaturePipeline, TrainingProfile]:
    types = {kind.name: kind for kind in TYPES}
    training_profile = profile_training_rows(rows, spec, types, PROBLEM)
    plan = make(spec, TYPES, PROBLEM, training_profile.profile, training_profile.drops)
    return plan, fit_features(rows.sparkSession, plan, training_profile.profile), training_profile


def _vectors(features: FeaturePipeline, rows: DataFrame) -> np.ndarray:
    number = F.col("_row").getField(NUMBER).alias("number")
    found = features.transform(rows).select(number, vector_to_array("features").alias("v")).orderBy("number").collect()
    return np.array([row["v"] for row in found])


SCALERS = {
    "standard": lambda: StandardScaler(),
    "min_max": lambda: MinMaxScaler(),
    "max_abs": lambda: MaxAbsScaler(),
    "robust": lambda: RobustScaler(),
}


@pytest.mark.parametrize("scale", ["standard", "min_max", "max_abs", "robust", "none"])
def test_imputation_and_scaling_agree_with_scikit_learn(rows: DataFrame, scale: str) -> None:
    missing = {"standard": "mean", "min_max": "median", "max_abs": 2.5, "robust": "median", "none": "mode"}[scale]
    spec = _spec([ODD, "skewed", "counts"], features={"numeric": scale}, clean={"missing": {"numeric": missing}})
    _, features, _ = _fit(rows, spec)
    raw = TABLE[[ODD, "skewed", "counts"]].to_numpy(dtype=float)
    filled = np.column_stack([_filled(column, missing) for column in raw.T])
    expected = filled if scale == "none" else _scaled(SCALERS[scale](), filled)
    np.testing.assert_allclose(_vectors(features, rows), expected, rtol=1e-9, atol=1e-9)


def _scaled(scaler: Any, values: np.ndarray) -> np.ndarray:
    if isinstance(scaler, StandardScaler):  # Spark divides by the sample's deviation, scikit-learn by the population's
        return (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    if isinstance(scaler, RobustScaler):  # quartiles that are values of the column, not between two of them
        q1, q2, q3 = np.quantile(values, [0.25, 0.5, 0.75], axis=0, method="inverted_cdf")
        return (values - q2) / (q3 - q1)
    return scaler.fit_transform(values)


def _filled(column: np.ndarray, method: object) -> np.ndarray:
    there = column[~np.isnan(column)]
    if method == "mode":
        levels, counts = np.unique(there, return_counts=True)
        fill = levels[counts == counts.max()].min()
    else:
        fill = {"mean": there.mean(), "median": np.median(there)}.get(method, method)
    return np.where(np.isnan(column), fill, column)


@pytest.mark.parametrize(
    ("rule", "action"), [("iqr", "clip"), ("zscore", "null"), ("quantile", "clip"), ("iqr", "drop")]
)
def test_outliers_are_bounded_before_anything_else_is_learned(rows: DataFrame, rule: str, action: str) -> None:
    outliers = {"rule": rule, "action": action, "factor": 2.0, "lower": 0.05, "upper": 0.9}
    spec = _spec([ODD], clean={"outliers": outliers, "missing": {"numeric": "mean"}}, features={"numeric": "standard"})
    _, features, training_profile = _fit(rows, spec)
    x = TABLE[ODD].to_numpy()
    low, high = _bounds(x, rule)
    inside = (x >= low) & (x <= high)
    assert not inside.all()
    if action == "clip":
        learned = cleaned = np.clip(x, low, high)
    elif action == "null":
        learned = cleaned = np.where(inside, x, x[inside].mean())
    else:
        learned, cleaned = x[inside], x
        assert training_profile.outliers == (~inside).sum()
    expected = (cleaned - learned.mean()) / learned.std(ddof=1)
    np.testing.assert_allclose(_vectors(features, rows)[:, 0], expected, rtol=1e-9, atol=1e-9)


def _bounds(x: np.ndarray, rule: str) -> tuple[float, float]:
    if rule == "zscore":
        return x.mean() - 2 * x.std(ddof=1), x.mean() + 2 * x.std(ddof=1)
    if rule == "quantile":
        return tuple(np.quantile(x, [0.05, 0.9], method="inverted_cdf"))
    q1, q3 = np.quantile(x, [0.25, 0.75], method="inverted_cdf")
    return q1 - 2 * (q3 - q1), q3 + 2 * (q3 - q1)


def test_one_hot_agrees_with_scikit_learn_and_an_unseen_level_is_all_zeros(rows: DataFrame) -> None:
    _, features, _ = _fit(rows, _spec(["city"]))
    filled = TABLE[["city"]].fillna("(missing)").to_numpy()
    expected = OneHotEncoder(sparse_output=False).fit_transform(filled)
    vectors = _vectors(features, rows)
    np.testing.assert_array_equal(vectors, expected)
    assert features.slots == tuple(f"city = {level}" for level in sorted(set(filled[:, 0])))
    unseen = rows.where(f"`{NUMBER}` < 3").withColumn("city", F.lit("Atlantis"))
    assert _vectors(features, unseen).sum() == 0


def test_rare_levels_become_one_and_labels_count_in_the_order_of_their_text(rows: DataFrame) -> None:
    spec = _spec(["rare"], features={"categorical": "label", "max_categories": 4})
    plan, features, _ = _fit(rows, spec)
    counts = TABLE["rare"].value_counts()
    ranked = sorted(counts.index, key=lambda level: (-counts[level], level))[:4]
    expected = [sorted(ranked).index(level) if level in ranked else 4 for level in TABLE["rare"]]
    np.testing.assert_array_equal(_vectors(features, rows)[:, 0], expected)
    assert "rare categories become one" in next(one.reason for one in plan.decisions if one.subject == "rare")


def test_the_given_order_of_levels_is_the_order_of_their_labels(rows: DataFrame) -> None:
    order = ["Rome", "Oslo", "Lima"]
    spec = _spec(["city"], features={"categorical": "label"}, columns={"order": {"city": order}})
    _, features, _ = _fit(rows, spec)
    expected = [order.index(level) if level in order else 3 for level in TABLE["city"]]
    np.testing.assert_array_equal(_vectors(features, rows)[:, 0], expected)


def _credibility(y: np.ndarray, levels: pd.Series) -> float:
    """Variance within levels over that between them, by the one-way analysis of variance (random effects)."""
    groups = pd.Series(y).groupby(levels.to_numpy())
    rows, mean = groups.size(), groups.mean()
    within = groups.apply(lambda one: ((one - one.mean()) ** 2).sum()).sum() / (rows.sum() - len(rows))
    among = (rows * (mean - y.mean()) ** 2).sum() / (len(rows) - 1)
    usual = (rows.sum() - (rows**2).sum() / rows.sum()) / (len(rows) - 1)
    return float(within / ((among - within) / usual))


def test_target_encoding_is_the_mean_drawn_to_the_mean_of_all(rows: DataFrame) -> None:
    spec = _spec(["rare"], features={"categorical": "target", "numeric": "none"}, model={"kind": "tree"})
    _, features, _ = _fit(rows, spec)
    prior, drawn = Y.mean(), _credibility(Y, TABLE["rare"])
    assert 0.01 < drawn < 1000
    worth = {
        level: (Y[TABLE["rare"] == level].sum() + drawn * prior) / ((TABLE["rare"] == level).sum() + drawn)
        for level in set(TABLE["rare"])
    }
    np.testing.assert_allclose(_vectors(features, rows)[:, 0], [worth[level] for level in TABLE["rare"]], rtol=1e-12)
    unseen = rows.where(f"`{NUMBER}` < 2").withColumn("rare", F.lit("Atlantis"))
    np.testing.assert_allclose(_vectors(features, unseen)[:, 0], prior, rtol=1e-12)


def test_label_and_target_encoding_gives_the_index_and_the_mean(rows: DataFrame) -> None:
    encoded = {}
    for kind in ("label", "target", "label_target"):
        spec = _spec(["rare"], features={"categorical": kind, "numeric": "standard"}, model={"kind": "xgboost"})
        features = _fit(rows, spec)[1]
        encoded[kind] = dict(zip(features.slots, _vectors(features, rows).T, strict=True))
    assert set(encoded["label_target"]) == {"rare", "rare (mean target)"}
    levels = sorted(set(TABLE["rare"]))
    np.testing.assert_array_equal(encoded["label_target"]["rare"], [levels.index(one) for one in TABLE["rare"]])
    for slot, values in (encoded["target"] | encoded["label"]).items():
        np.testing.assert_array_equal(encoded["label_target"][slot], values)


@pytest.mark.parametrize(
    ("rows", "sums", "squares", "drawn"),
    [
        ([2, 2], [2.0, 6.0], 4.0, 1e-3),  # 1, 1 and 3, 3: the level says all
        ([2, 2], [4.0, 4.0], 4.0, 1e9),  # 1, 3 and 1, 3: the level says nothing
        ([1, 1, 1], [1.0, 2.0, 3.0], 2.0, 1e9),  # no level comes twice: nobody knows
        ([2, 2], [1.0, 6.0], 7.25, 0.5 / 2.875),  # 0, 1 and 2.5, 3.5: 0.5 within, (6.25 - 0.5) / 2 between
    ],
)
def test_levels_are_drawn_the_more_the_less_they_tell(
    rows: list[int], sums: list[float], squares: float, drawn: float
) -> None:
    counts = LevelCounts.of([str(i) for i in range(len(rows))], np.array(list(zip(rows, sums, strict=True))), 100)
    np.testing.assert_allclose(smoothing(counts, np.array([squares])), [drawn])


def test_a_training_row_of_a_rare_level_is_encoded_by_the_other_folds(rows: DataFrame) -> None:
    spec = _spec(["rare"], features={"categorical": "target", "numeric": "none"}, model={"kind": "tree"})
    plan, features, _ = _fit(rows, spec)
    folded = learned_features(rows, plan, _fit(rows, spec)[2].profile)
    fold = F.pmod(F.xxhash64(F.col(HASH), F.lit(plan.seed + 1).cast("long")), F.lit(5))
    folds = np.array([row["f"] for row in rows.select(fold.alias("f"), NUMBER).orderBy(NUMBER).collect()])
    rare = TABLE["rare"].to_numpy()
    expected, drawn = np.empty(ROWS), _credibility(Y, TABLE["rare"])
    for row in range(ROWS):
        others = folds != folds[row] if (rare == rare[row]).sum() < COMMON else np.ones(ROWS, bool)
        same = others & (rare == rare[row])
        expected[row] = (Y[same].sum() + drawn * Y[others].mean()) / (same.sum() + drawn)
    number = F.col("_row").getField(NUMBER)
    found = folded.transform(rows, training=True).select(number.alias("n"), vector_to_array("features").alias("v"))
    vectors = np.array([row["v"] for row in found.orderBy("n").collect()])
    np.testing.assert_allclose(vectors[:, 0], expected, rtol=1e-9)
    assert features.slots == folded.slots
    counts = TABLE["rare"].value_counts()
    assert counts.min() < COMMON <= counts.max()


def test_indicators_say_what_was_missing(rows: DataFrame) -> None:
    spec = _spec(["skewed", "city"], clean={"missing": {"indicator": True, "categorical": "mode"}})
    _, features, _ = _fit(rows, spec)
    vectors = _vectors(features, rows)
    flags = {name: vectors[:, features.slots.index(f"{name} is missing")] for name in ("skewed", "city")}
    np.testing.assert_array_equal(flags["skewed"], TABLE["skewed"].isna())
    np.testing.assert_array_equal(flags["city"], TABLE["city"].isna())
    most = vectors[:, features.slots.index("city = Oslo")]
    np.testing.assert_array_equal(most, TABLE["city"].fillna("Oslo") == "Oslo")


def test_a_spread_that_is_tiny_against_the_mean_survives_scaling(rows: DataFrame) -> None:
    _, features, _ = _fit(rows, _spec(["big"]))
    exact = TABLE["big"].to_numpy() - 1e9
    expected = (exact - exact.mean()) / exact.std(ddof=1)
    half_a_place = 6e-8 / 1e-3  # the mean is a double: half a unit in its last place, in standard deviations
    np.testing.assert_allclose(_vectors(features, rows)[:, 0], expected, rtol=0, atol=half_a_place)


def test_dates_become_their_parts(rows: DataFrame) -> None:
    _, features, _ = _fit(rows, _spec(["day"], features={"numeric": "none"}, model={"kind": "tree"}))
    vectors = _vectors(features, rows)
    days = pd.to_datetime(pd.Series(TABLE["day"]))
    parts = {"year": days.dt.year, "month": days.dt.month, "day": days.dt.day, "weekday": days.dt.weekday}
    for part, expected in parts.items():
        np.testing.assert_array_equal(vectors[:, features.slots.index(f"day ▸ {part}")], expected)
    elapsed = (days - pd.Timestamp("1970-01-01")).dt.days
    np.testing.assert_array_equal(vectors[:, features.slots.index("day ▸ elapsed")], elapsed)


def test_parts_that_come_round_are_levels_where_each_has_a_hundred_rows(rows: DataFrame) -> None:
    _, features, _ = _fit(rows, _spec(["day"]))
    vectors = _vectors(features, rows)
    weekday = pd.to_datetime(pd.Series(TABLE["day"])).dt.weekday
    for level in range(7):
        np.testing.assert_array_equal(vectors[:, features.slots.index(f"day ▸ weekday = {level}")], weekday == level)
    assert "day ▸ day" in features.slots  # 31 levels would have 39 rows each


def test_rows_with_a_missing_value_are_dropped_from_training_only_where_asked(rows: DataFrame) -> None:
    spec = _spec(["skewed", ODD], features={"per_column": {"skewed": {"missing": "drop"}}})
    plan, _, training_profile = _fit(rows, spec)
    assert training_profile.dropped == TABLE["skewed"].isna().sum()
    assert training_profile.profile.rows == ROWS - training_profile.dropped
    assert plan.drop_missing == ("skewed",)


def test_a_plan_survives_being_stored(rows: DataFrame) -> None:
    plan, _, _ = _fit(rows, _spec(ALL, clean={"outliers": {"rule": "iqr"}, "missing": {"indicator": True}}))
    assert Plan.from_json(plan.to_json()) == plan

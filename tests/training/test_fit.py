"""Targets are encoded out of fold, classes weigh alike when asked to, and width costs no Spark jobs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F

from spark_jobs.columns.types import ColumnType
from spark_jobs.features import CategoryInput
from spark_jobs.features.level_means import FOLDS
from spark_jobs.pipeline.feature_pipeline import fit_features
from spark_jobs.plan import LearningTask, Plan, make
from spark_jobs.profile.profile import Profile
from spark_jobs.runtime.session import counting_jobs
from spark_jobs.spec import parse
from spark_jobs.training.fit import fit_context, learned_features, training_frame
from spark_jobs.training.staging import HASH, LABEL, NUMBER, WEIGHT
from spark_jobs.training.training_profile import profile_training_rows

ROWS = 500


def planned(rows, kinds, problem, **keys):
    spec = parse({"source": "x.csv", "target": "y", **keys})
    types = {**kinds, "y": ColumnType("y", "number", "number", "")}
    profile = profile_training_rows(rows, spec, types, problem).profile
    return make(spec, list(types.values()), problem, profile), profile


def labelled(rows, label):
    beside = {HASH: F.xxhash64("id"), NUMBER: F.col("id"), LABEL: label.cast("double"), WEIGHT: F.lit(1.0)}
    return rows.withColumns({**beside, "y": label.cast("double")})


def test_no_training_row_sees_its_own_target(spark):
    """Each level stands in one row: encoded with its own target it would tell it, out of fold it tells nothing."""
    rows = spark.range(0, ROWS, 1, 2).withColumn("one", F.concat(F.lit("u"), F.col("id")))
    rows = labelled(rows, F.pmod(F.xxhash64("id", F.lit(3)), F.lit(1000)))
    kinds = {"one": ColumnType("one", "text", "category", "")}
    features = {"per_column": {"one": {"categorical": "target"}}, "numeric": "none"}
    plan, profile = planned(rows, kinds, LearningTask("regression", "y"), features=features)
    fitted = learned_features(rows, plan, profile)
    vectors = training_frame(rows, plan, fitted, {}).select("label", vector_to_array("features")[0].alias("worth"))
    found = vectors.toPandas()
    assert len(found) == ROWS
    assert found.worth.nunique() <= FOLDS
    assert abs(np.corrcoef(found.worth, found.label)[0, 1]) < 0.35
    worth = vector_to_array("features")[0].alias("worth")
    seen = fitted.transform(rows).select(F.col("_row.y").alias("label"), worth).toPandas()
    assert np.corrcoef(seen.worth, seen.label)[0, 1] > 0.99, "as it would be for rows the model has seen"


def test_training_rows_of_a_common_level_have_one_encoding(spark):
    """With one for each fold, trees could infer a row's fold from several columns, and the target from the fold."""
    level = F.when(F.col("id") < 400, "common").otherwise(F.concat(F.lit("u"), F.floor(F.col("id") / 10)))
    rows = spark.range(0, ROWS, 1, 2).withColumn("level", level)
    rows = labelled(rows, F.pmod(F.xxhash64("id", F.lit(3)), F.lit(1000)) + F.when(level == "common", 500).otherwise(0))
    kinds = {"level": ColumnType("level", "text", "category", "")}
    features = {"per_column": {"level": {"categorical": "target"}}, "numeric": "none"}
    plan, profile = planned(rows, kinds, LearningTask("regression", "y"), features=features)
    fitted = learned_features(rows, plan, profile)
    worth, level = vector_to_array("features")[0].alias("worth"), F.col("_row.level").alias("level")
    found = fitted.transform(rows, training=True).select(level, worth).toPandas()
    scored = fitted.transform(rows).select(level, worth).toPandas()
    assert found[found.level == "common"].worth.nunique() == 1
    assert found[found.level == "common"].worth.iloc[0] == scored[scored.level == "common"].worth.iloc[0]
    assert found[found.level != "common"].groupby("level").worth.nunique().max() > 1


@pytest.mark.parametrize(("encode", "arity"), [("label", 70), ("label_target", 70), ("target", 0), ("one_hot", 0)])
def test_spark_trees_are_told_the_levels_of_every_column_of_indices(encode, arity):
    """Spark refuses a category with more levels than bins."""
    category = CategoryInput("c0", "level", tuple(f"u{number:02}" for number in range(70)), encode)
    task = LearningTask("regression", "y")
    plan = Plan("p", task, (), (category,), {}, (), "tree", {}, False, None, (), "UTC", 1, ())
    assert fit_context(plan, Profile(100, {}), 2).arity == arity


@pytest.mark.parametrize("balance", [True, False])
def test_balanced_classes_have_the_same_weight_in_all(spark, balance):
    numbers = spark.range(0, 100, 1, 1).withColumn("x", F.col("id") * 0.5)
    rows = labelled(numbers, F.when(F.col("id") < 90, 0).otherwise(2))
    problem = LearningTask("multiclass", "y", ("a", "b", "c"))
    kinds = {"x": ColumnType("x", "number", "number", "")}
    plan, profile = planned(rows, kinds, problem, model={"kind": "linear", "balance": balance})
    frame = training_frame(rows, plan, fit_features(spark, plan, profile), {0: 90, 2: 10})
    assert frame.schema["label"].metadata["ml_attr"]["vals"] == ["a", "b", "c"]
    if not balance:
        assert "weight" not in frame.columns
        return
    sums = {row[0]: row[1] for row in frame.groupBy("label").agg(F.sum("weight")).collect()}
    assert sums[0.0] == pytest.approx(sums[2.0])


def wide(spark, width):
    numbers = {f"n{k}": [float((row + k) % 17) for row in range(40)] for k in range(width // 2)}
    texts = {f"t{k}": [f"t{(row + k) % 5}" for row in range(40)] for k in range(width // 2)}
    return spark.createDataFrame(pa.table({"id": range(40), **numbers, **texts}))


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_the_number_of_spark_jobs_does_not_grow_with_the_columns(spark):
    counts = {}
    for width in (10, 100, 1000):
        rows = labelled(wide(spark, width), F.col("id"))
        numbers = {f"n{k}": ColumnType(f"n{k}", "number", "number", "") for k in range(width // 2)}
        kinds = numbers | {f"t{k}": ColumnType(f"t{k}", "text", "category", "") for k in range(width // 2)}
        with counting_jobs(spark) as scanning:
            plan, profile = planned(rows, kinds, LearningTask("regression", "y"), columns={"keep_leaks": True})
        with counting_jobs(spark) as fitting:
            fit_features(spark, plan, profile)
        assert len(plan.inputs) == width
        counts[width] = (scanning.count, fitting.count)
    assert len(set(counts.values())) == 1, counts
    assert all(0 < count < 20 for pair in counts.values() for count in pair), counts

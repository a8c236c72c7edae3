"""Folds keep what they validate on apart: rows, groups, times, and everything that is learned."""

from __future__ import annotations

import numpy as np
import pytest
from orders import orders, orders_file
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F

from spark_jobs.errors import DataError
from spark_jobs.spec import parse
from spark_jobs.training.prepare import inspect_source, prepare
from spark_jobs.tuning.folds import FoldStager, feature_set
from spark_jobs.tuning.space import Proposal

FOLDS = 3
KEYS = {"key": ["order"], "columns": {"ignore": ["customer"]}, "features": {"numeric": "none"}}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return orders_file(tmp_path_factory.mktemp("orders"))


def prepared(spark, folder, source, **keys):
    spec = parse({"source": str(source), "target": "late", **KEYS, **keys})
    return spec, prepare(spec, spark, inspect_source(spec, spark), folder)


def parts(stager, ready):
    """The orders that each fold trains on and validates on, by the stager's own rows."""
    rows = stager._rows.select("order", F.col("⟨fold⟩").alias("part")).toPandas()
    return [
        (set(rows.order[rows.part.isin(training)]), set(rows.order[rows.part == validation]))
        for training, validation in stager._parts
    ]


def test_every_training_row_is_validated_once_and_never_trained_on_there(spark, tmp_path, source):
    _, ready = prepared(spark, tmp_path, source)
    found = parts(FoldStager(ready, FOLDS, tmp_path / "folds"), ready)
    everything = {row["order"] for row in ready.training.select("order").collect()}
    assert sum(len(validation) for _, validation in found) == len(everything)
    assert set.union(*(validation for _, validation in found)) == everything
    for training, validation in found:
        assert training == everything - validation
        assert 0.2 < len(validation) / len(everything) < 0.5


def test_groups_are_not_divided_and_later_folds_are_validated_on_later_rows(spark, tmp_path, source):
    table = orders().set_index("order")
    _, ready = prepared(spark, tmp_path / "group", source, split={"kind": "group", "column": "customer"},
                        columns={"ignore": []})  # fmt: skip
    for training, validation in parts(FoldStager(ready, FOLDS, tmp_path / "f"), ready):
        assert not set(table.customer[list(training)]) & set(table.customer[list(validation)])
    _, ready = prepared(spark, tmp_path / "time", source, split={"kind": "time", "column": "day"})
    folds = parts(FoldStager(ready, FOLDS, tmp_path / "t"), ready)
    assert len(folds) == FOLDS
    for training, validation in folds:
        assert table.day[list(training)].max() < table.day[list(validation)].min()
    assert len(folds[0][0]) < len(folds[2][0]), "the past grows"


def test_everything_learned_is_learned_from_the_training_rows_of_the_fold(spark, tmp_path, source):
    spec, ready = prepared(spark, tmp_path, source)
    stager = FoldStager(ready, FOLDS, tmp_path / "folds")
    trial = Proposal("xgboost", {"features.categorical": "target"}).apply(spec)
    table = orders().set_index("order")
    for staged, (training, validation) in zip(stager.staged(trial), parts(stager, ready), strict=True):
        amounts = table.amount[list(training)]
        (amount,) = [one for one in staged.plan.numbers if one.column == "amount"]
        assert amount.fill + amount.shift == pytest.approx(amounts.median(), rel=1e-3)
        stored = spark.read.parquet(str(staged.validation)).select(vector_to_array("features").alias("v"), "label")
        assert stored.count() == len(validation)
        late = (table.late[list(training)] == "late").groupby(table.shop)
        shops = late.agg(["sum", "count"]).drop_duplicates()
        rates = {row["v"][-1] for row in stored.collect()}
        assert len(rates) == len(shops), "each shop has the encoding of its training rows"
        assert np.corrcoef(sorted(rates), np.sort(shops["sum"] / shops["count"]))[0, 1] > 0.95
        assert staged.context.rows == len(training)
        assert sum(staged.class_rows.values()) == len(training)


def test_features_are_stored_once_for_equal_encodings(spark, tmp_path, source):
    spec, ready = prepared(spark, tmp_path, source, features={})
    stager = FoldStager(ready, 2, tmp_path / "folds")
    first = stager.staged(Proposal("xgboost", {}).apply(spec))
    again = stager.staged(Proposal("xgboost", {"max_depth": 3}).apply(spec))
    assert [one is other for one, other in zip(first, again, strict=True)] == [True, True]
    assert feature_set(Proposal("forest", {}).apply(spec)) == feature_set(Proposal("xgboost", {}).apply(spec))
    assert feature_set(Proposal("linear", {}).apply(spec)) != feature_set(Proposal("xgboost", {}).apply(spec))
    assert len(list((tmp_path / "folds").iterdir())) == 1


def test_a_class_with_fewer_rows_than_folds_is_refused_by_name(spark, tmp_path):
    table = orders()
    table.loc[table.index[:2], "late"] = "lost"
    table.to_csv(tmp_path / "rare.csv", index=False)
    _, ready = prepared(spark, tmp_path / "staged", tmp_path / "rare.csv")
    rows = ready.class_rows[ready.problem.labels.index("lost")]
    with pytest.raises(DataError, match=f"`tune.folds` is 3, but the class 'lost' has {rows} training row") as error:
        FoldStager(ready, FOLDS, tmp_path / "folds").check_classes()
    assert error.value.exit_status == 3


def test_two_classes_of_which_a_fold_lacks_one_are_refused_by_name(spark, tmp_path):
    table = orders()
    day = table.day.sort_values().reset_index(drop=True)
    table["late"] = np.where(table.day.isin(day[:40]), "late", "on time")
    table.to_csv(tmp_path / "early.csv", index=False)
    _, ready = prepared(spark, tmp_path / "time", tmp_path / "early.csv", split={"kind": "time", "column": "day"})
    with pytest.raises(DataError, match="a fold has no row of the class 'late' to validate on"):
        FoldStager(ready, FOLDS, tmp_path / "folds").check_classes()
    _, ready = prepared(spark, tmp_path / "hash", tmp_path / "early.csv")
    FoldStager(ready, FOLDS, tmp_path / "folds").check_classes()

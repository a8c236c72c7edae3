"""Trainings of every shape: odd names, keys, weights, many classes, other sources, splits and row rules."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from houses import KINDS, NO, ODD, ODD_KEY, ODD_TARGET, ODD_WEIGHT, YES, house, odd_file, spec_of, write_csv

from spark_jobs.bundle import load_manifest
from spark_jobs.errors import DataError
from spark_jobs.jobs import run, score, train
from spark_jobs.plan import Plan
from spark_jobs.spec import Environment


@pytest.fixture
def env(tmp_path):
    return Environment(root=str(tmp_path / "root"))


def table(spark, env, name):
    return spark.read.format("delta").load(str(Path(env.root) / "tables" / name))


def plan_of(result):
    return Plan.from_json((Path(result.bundle) / "plan.json").read_text(encoding="utf-8"))


def choices(result):
    return {one.subject: one.choice for one in plan_of(result).decisions}


def sum_of_fates(rows):
    fates = ("trained", "tested", "duplicates", "no_target", "outliers", "dropped", "quarantined")
    return sum(rows[fate] for fate in fates)


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_names_may_hold_anything_in_features_key_weight_and_target(spark, env, tmp_path):
    source = odd_file(tmp_path)
    keys = {"key": [ODD_KEY], "weight": ODD_WEIGHT, "positive": YES, "evaluate": {"slices": ["😀", "e f"]}}
    spec = spec_of(source, ODD_TARGET, **keys)
    done = run.run(spec, spark, env)
    assert done.rows["read"] == sum_of_fates(done.rows) == done.rows["scored"] == 240
    assert done.metrics["roc_auc"] > 0.9
    assert load_manifest(Path(done.bundle)).labels == (NO, YES)
    scored = table(spark, env, "odd_predictions").toPandas()
    stored = {name: name.replace(" ", "_").replace(";", "_") for name in (ODD_KEY, *ODD, ODD_TARGET, ODD_WEIGHT)}
    assert list(scored.columns)[:10] == ["_row_id", *stored.values()]
    assert done.extra["column_names"] == {name: safe for name, safe in stored.items() if name != safe}
    assert any("'e f' as e_f" in line for line in done.summary)
    assert set(scored._row_id) == {f"k{number}" for number in range(240)}
    assert set(scored.prediction) == {NO, YES}
    shares = scored.probabilities.map(dict)
    assert all(set(one) == {NO, YES} for one in shares)
    assert np.allclose([one[YES] for one in shares], scored.probability)
    assert ((scored.probability > 0.5) == (scored.prediction == YES)).all()
    assert (scored[stored[ODD_TARGET]] == scored.prediction).mean() > 0.8
    _check_keyed_rescoring(spec, spark, env, source, tmp_path)


def _check_keyed_rescoring(spec, spark, env, source, tmp_path):
    """With a key, a row that changed since replaces what was said of it; one that did not is left alone."""
    lines = source.read_text(encoding="utf-8").splitlines()
    changed = lines[1].split(",")
    changed[1] = "4.99"
    other = tmp_path / "again.csv"
    other.write_text("\n".join([lines[0], ",".join(changed), lines[2], lines[3].replace("k2,", "k999,", 1)]) + "\n")
    again = score.run(spec, spark, env, input=str(other))
    assert (again.rows["read"], again.rows["scored"], again.rows["duplicates"]) == (3, 3, 1)
    assert again.extra["column_names"]["e f"] == "e_f"
    now = table(spark, env, "odd_predictions")
    assert now.count() == 241
    assert now.where("_row_id = 'k0'").first()["a.b"] == 4.99


def many_classes(folder):
    """Parquet: five classes, one of two rows; a column of 150 levels that tells the class, one of unique texts."""
    chance = random.Random(5)
    rows = []
    for number in range(500):
        level = chance.randrange(150)
        rows.append((f"L{level}", f"u{number}", chance.gauss(0, 1), ("ash", "elm", "fir", "oak")[level % 4]))
    rows += [("L1", "rare1", 9.0, "yew"), ("L2", "rare2", 9.5, "yew")]
    names = ["level", "unique", "noise", "tree"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    pq.write_table(pa.table(columns), folder / "trees.parquet")
    return folder / "trees.parquet"


@pytest.mark.long
@pytest.mark.end_to_end
def test_many_classes_with_encoded_targets_balance_and_a_class_of_two_rows(spark, env, tmp_path):
    encoded = {"categorical": "target", "per_column": {"unique": {"categorical": "target"}}}
    spec = spec_of(many_classes(tmp_path), "tree", features=encoded, model={"kind": "linear", "balance": True},
                   columns={"categorical": ["unique"]})  # fmt: skip
    done = train.run(spec, spark, env)
    assert load_manifest(Path(done.bundle)).labels == ("ash", "elm", "fir", "oak", "yew")
    assert done.rows["read"] == sum_of_fates(done.rows) == 502
    assert choices(done)["level"] == "target"
    # Four classes by a level of about three rows: far better than one in four, far from what a leak would give.
    assert 0.6 < done.metrics["accuracy"] <= 1
    table_ = score.run(spec, spark, env, version=1)
    assert table_.rows["scored"] == 502
    scored = table(spark, env, "trees_predictions").select("probabilities", "prediction").toPandas()
    assert np.allclose([sum(dict(one).values()) for one in scored.probabilities], 1)
    assert "probability" not in table(spark, env, "trees_predictions").columns


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_an_svm_on_a_delta_table_split_by_time_has_margins_and_no_probabilities(spark, env, tmp_path):
    from pyspark.sql import functions as F

    path = str(tmp_path / "visits")
    rows = spark.range(0, 200, 1, 2).select(
        (F.col("id") % 2 == 0).alias("came"),
        F.timestamp_seconds(F.lit(1_700_000_000) + F.col("id") * 3600).alias("at"),
        (F.when(F.col("id") % 2 == 0, 1.0).otherwise(-1.0) + (F.col("id") % 7) / 20).alias("pull"),
    )
    rows.write.format("delta").save(path)
    split = {"kind": "time", "column": "at", "test": 0.25}
    spec = spec_of(path, "came", positive=True, split=split, model={"kind": "svm"})
    done = run.run(spec, spark, env)
    assert (done.rows["trained"], done.rows["tested"]) == (150, 50)
    assert done.metrics["accuracy"] == 1
    scored = table(spark, env, "visits_predictions").toPandas()
    assert ((scored.margin > 0) == (scored.prediction == "true")).all()
    assert ((scored.prediction == "true") == scored.came).all()
    assert scored.probability.isna().all()
    assert scored.probabilities.isna().all()


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_tree_on_json_by_group_with_row_rules_counts_what_each_took(spark, env, tmp_path):
    import json

    chance = random.Random(9)
    rows = [dict(zip(["size", "rooms", "kind", "built", "price"], house(chance), strict=True)) for _ in range(300)]
    for number, row in enumerate(rows):
        row |= {"id": number // 2 * 2 if number < 40 else number, "street": f"s{number % 30}", "rank": -number}
    for number in range(100, 110):
        rows[number]["size"] = 90_000.0 + number
    for number in range(120, 140):
        rows[number]["kind"] = None
    path = tmp_path / "streets.json"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\nnot json\n", encoding="utf-8")
    clean = {
        "duplicates": {"by": ["id"], "order": "rank"},
        "outliers": {"rule": "iqr", "action": "drop"},
        "missing": {"categorical": "drop"},
    }
    split = {"kind": "group", "column": "street", "test": 0.3}
    spec = spec_of(path, clean=clean, split=split, model={"kind": "tree"}, columns={"ignore": ["rank", "id"]})
    done = run.run(spec, spark, env)
    rows_ = done.rows
    assert rows_["read"] == sum_of_fates(rows_) == 301
    assert (rows_["duplicates"], rows_["quarantined"], rows_["no_target"]) == (20, 1, 0)
    # Row rules act on the training part alone: about 70 % of the 10 outliers and of the 20 rows without a kind.
    assert 3 <= rows_["outliers"] <= 10
    assert 8 <= rows_["dropped"] <= 20
    assert rows_["scored"] == 300
    assert done.metrics["r2"] > -10


def test_a_weight_that_is_missing_or_no_number_is_refused(spark, env, tmp_path):
    chance = random.Random(2)
    header = ["size", "rooms", "kind", "built", "price", "w"]
    some = write_csv(tmp_path / "some.csv", header, [[*house(chance), "" if i == 5 else i] for i in range(60)])
    with pytest.raises(DataError, match="1 row has a missing or negative weight"):
        train.run(spec_of(some, weight="w"), spark, env)
    text = write_csv(tmp_path / "text.csv", header, [[*house(chance), chance.choice(KINDS)] for _ in range(60)])
    with pytest.raises(DataError, match="The weight 'w' must be a number"):
        train.run(spec_of(text, weight="w"), spark, env)
    assert not (Path(env.root) / "runs").exists()

"""A search over tables of extreme shapes: rare or many classes, many columns, many categories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spark_jobs import progress
from spark_jobs.errors import DataError
from spark_jobs.spec import parse
from spark_jobs.training.prepare import inspect_source, prepare
from spark_jobs.tuning.choose import choose_model


@pytest.fixture
def search(session, tmp_path):
    """Searches with `model.kind: auto` on a table whose target is `y`."""

    def run(table: pd.DataFrame, **tune):
        table.to_csv(tmp_path / "table.csv", index=False)
        limits = {"trials": 2, "folds": 2, **tune}
        spec = parse({"source": str(tmp_path / "table.csv"), "target": "y", "name": "extreme",
                      "model": {"kind": "auto"}, "tune": limits})  # fmt: skip
        with progress.show(False):
            prepared = prepare(spec, session, inspect_source(spec, session), tmp_path / "staged")
            return choose_model(spec, prepared, tmp_path, tmp_path, lambda record, metric: None).result

    return run


def blobs(classes: int, rows: int) -> pd.DataFrame:
    """Rows around class centers, as many for each class."""
    chance = np.random.default_rng(4)
    label = np.arange(rows) % classes
    points = chance.normal(size=(classes, 4))[label] * 4 + chance.normal(size=(rows, 4))
    return pd.DataFrame({**{f"x{place}": points[:, place] for place in range(4)}, "y": [f"k{one}" for one in label]})


def scores(result):
    """The scores by algorithm, of trials that all have finished."""
    assert {one.state for one in result.trials} == {"finished"}
    return {one.kind: one.score for one in result.trials}


def test_one_row_in_a_hundred_is_found(search):
    chance = np.random.default_rng(3)
    points = chance.normal(size=(3000, 3))
    rare = points[:, 0] + points[:, 1] > np.quantile(points[:, 0] + points[:, 1], 0.99)
    table = pd.DataFrame(points, columns=["a", "b", "c"]).assign(y=np.where(rare, "fraud", "fine"))
    assert min(scores(search(table)).values()) > 0.95


def test_balanced_class_weights_find_more_of_a_rare_class(search):
    """Both trials have the same features, which are staged once, without class weights."""
    chance = np.random.default_rng(7)
    points = chance.normal(size=(2000, 2))
    noisy = points[:, 0] + chance.normal(size=2000)
    label = np.where(noisy > np.quantile(noisy, 0.95), "rare", "usual")
    table = pd.DataFrame(points, columns=["a", "b"]).assign(y=label)
    asked = [{"xgboost.max_depth": 2}, {"xgboost.max_depth": 2, "model.balance": True}]
    plain, balanced = search(table, metric="balanced_accuracy", points=asked).trials
    assert balanced.settings["model.balance"]
    assert balanced.score > plain.score + 0.1


def test_a_hundred_classes_are_told_apart(search):
    quick = {"xgboost.learning_rate": 0.5, "xgboost.max_depth": 2}
    found = scores(search(blobs(100, 1500), trials=1, points=[quick]))
    assert found["xgboost"] < np.log(100) / 2, "a guess has a loss of log(100)"


def test_a_class_with_two_rows_is_refused_by_name(search):
    table = blobs(3, 300)
    table.loc[:1, "y"] = "rare"
    with pytest.raises(DataError, match=r"`tune.folds` is 3, but the class 'rare' has [12] training row") as error:
        search(table, folds=3)
    assert error.value.advice == "Use fewer folds, merge rare classes, or remove their rows from the source."


@pytest.mark.long
def test_the_three_columns_that_matter_are_found_among_five_hundred(search):
    chance = np.random.default_rng(5)
    points = chance.normal(size=(600, 500)).round(3)
    table = pd.DataFrame(points, columns=[f"x{place}" for place in range(500)])
    table["y"] = np.where(points[:, :3].sum(axis=1) > 0, "up", "down")
    assert scores(search(table, trials=1))["xgboost"] > 0.7


def test_a_hundred_thousand_categories_become_one_number(search):
    chance = np.random.default_rng(6)
    user = np.concatenate([np.arange(100_000), chance.integers(0, 1000, 200_000)])
    bad = chance.random(100_000) < 0.5
    table = pd.DataFrame({"user": [f"u{one}" for one in user], "x": chance.normal(size=300_000).round(3)})
    table["y"] = np.where(bad[user] ^ (chance.random(300_000) < 0.05), "bad", "good")
    assert scores(search(table, trials=1))["xgboost"] > 0.7

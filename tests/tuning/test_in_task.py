"""One fit of one fold from its files, without Spark."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost
from sklearn.metrics import roc_auc_score

from spark_jobs.models import FitContext
from spark_jobs.tuning.in_task import TaskFit, attempt_fit, dense_matrix

ROWS = 600
CHANCE = np.random.default_rng(11)


def vectors(matrix, sparse=()):
    """Spark's stored vectors: rows whose number is in `sparse` as indices and values, the others as values alone."""
    cells = [
        {"type": 0, "size": len(row), "indices": np.flatnonzero(row).tolist(), "values": row[row != 0].tolist()}
        if number in sparse
        else {"type": 1, "size": None, "indices": None, "values": row.tolist()}
        for number, row in enumerate(matrix)
    ]
    fields = [("type", pa.int8()), ("size", pa.int32()), ("indices", pa.list_(pa.int32()))]
    return pa.array(cells, pa.struct([*fields, ("values", pa.list_(pa.float64()))]))


def test_dense_and_sparse_vectors_become_the_same_matrix():
    matrix = CHANCE.integers(0, 3, (7, 5)).astype(float)
    matrix[2] = 0
    assert dense_matrix(vectors(matrix, sparse=(0, 2, 5)), 5).tolist() == matrix.tolist()


def parts(folder):
    """Two thirds to train on and a third to validate on; the label follows from the first column, with noise."""
    chance = np.random.default_rng(3)  # the same rows for each test, whichever tests run
    matrix = chance.normal(size=(ROWS, 4))
    label = (matrix[:, 0] + chance.normal(0, 0.5, ROWS) > 0).astype(float)
    for name, rows in (("training", slice(0, 400)), ("validation", slice(400, None))):
        (folder / name).mkdir()
        count = len(label[rows])
        table = {"features": vectors(matrix[rows]), "label": label[rows], "weight": np.ones(count)}
        table["draw"] = np.arange(count) % 1000
        pq.write_table(pa.table(table), folder / name / "part-0.parquet")
    return matrix, label


def task_fit(folder, **changed):
    context = FitContext("binary", 2, 4, 0, 400, weight=False)
    given = {"kind": "xgboost", "params": {"n_estimators": 300, "learning_rate": 0.1}, "settled": ("n_estimators",),
             "context": context, "training": str(folder / "training"), "validation": str(folder / "validation"),
             "class_weights": None, "weighted": False, "draws": 1000, "validation_draws": 1000,
             "metric": "roc_auc"}  # fmt: skip
    return TaskFit(**given | changed)


def test_a_fit_stops_early_and_returns_the_area_of_its_best_round(tmp_path):
    matrix, label = parts(tmp_path)
    found = attempt_fit(task_fit(tmp_path))
    rounds = found["settled"]["n_estimators"]
    assert 1 <= rounds < 300, "noise makes later rounds worse"
    again = xgboost.train(
        {"objective": "binary:logistic", "learning_rate": 0.1, "max_depth": 6, "subsample": 0.8, "seed": 42,
         "colsample_bytree": 0.8, "tree_method": "hist", "nthread": 1},
        xgboost.QuantileDMatrix(matrix[:400].astype(np.float32), label[:400]), rounds,
    )  # fmt: skip
    area = roc_auc_score(label[400:], again.inplace_predict(matrix[400:].astype(np.float32)))
    assert found["validation"] == pytest.approx(area, abs=1e-6)
    assert found["training"] > found["validation"]


def test_the_patience_grows_with_the_best_round(tmp_path, monkeypatch):
    parts(tmp_path)
    train, boosters = xgboost.train, []
    monkeypatch.setattr(xgboost, "train", lambda *args, **keys: boosters.append(train(*args, **keys)) or boosters[0])
    best = attempt_fit(task_fit(tmp_path, params={"n_estimators": 3000, "learning_rate": 0.02}))["settled"]
    last = best["n_estimators"] - 1  # rounds are numbered from 0
    assert boosters[0].num_boosted_rounds() == last + int(10 + 0.3 * last) + 2


def test_rounds_that_the_spec_fixes_are_not_settled(tmp_path):
    parts(tmp_path)
    assert attempt_fit(task_fit(tmp_path, settled=(), params={"n_estimators": 5}))["settled"] == {}


def test_a_share_of_the_rows_is_those_with_a_small_draw(tmp_path):
    parts(tmp_path)
    every, few = attempt_fit(task_fit(tmp_path)), attempt_fit(task_fit(tmp_path, draws=30))
    assert few["validation"] < every["validation"]


def test_a_share_of_the_validation_rows_is_those_with_a_small_draw(tmp_path):
    matrix, label = parts(tmp_path)
    found = attempt_fit(task_fit(tmp_path, validation_draws=50, settled=(), params={"n_estimators": 1, "max_depth": 1}))
    again = xgboost.train(
        {"objective": "binary:logistic", "learning_rate": 0.05, "max_depth": 1, "subsample": 0.8, "seed": 42,
         "colsample_bytree": 0.8, "tree_method": "hist", "nthread": 1},
        xgboost.QuantileDMatrix(matrix[:400].astype(np.float32), label[:400]), 1,
    )  # fmt: skip
    area = roc_auc_score(label[400:450], again.inplace_predict(matrix[400:450].astype(np.float32)))
    assert found["validation"] == pytest.approx(area, abs=1e-6)


def test_class_weights_move_the_decision_to_the_heavier_class(tmp_path):
    parts(tmp_path)
    usual, heavy = (
        attempt_fit(task_fit(tmp_path, metric="recall", class_weights=weights))["validation"]
        for weights in ([1.0, 1.0], [1.0, 20.0])
    )
    assert heavy > usual + 0.05


@pytest.mark.parametrize("params", [{"n_estimators": 0}, {"max_dept": 3}])
def test_a_fit_that_fails_returns_its_cause(tmp_path, params):
    parts(tmp_path)
    found = attempt_fit(task_fit(tmp_path, params=params))
    assert next(iter(params)) in found["error"]


def test_a_fold_without_rows_is_an_error(tmp_path):
    parts(tmp_path)
    assert attempt_fit(task_fit(tmp_path, validation_draws=0))["error"].startswith("A fold has no rows to train or")

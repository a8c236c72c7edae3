"""The graph of an XGBoost model says what XGBoost says, to the last digit of single precision."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest
import xgboost
from spox import Tensor, argument

from spark_jobs.bundle.stages import Stage
from spark_jobs.models.xgboost import ALGORITHM
from spark_jobs.ops.dialect import build, legacy_opset
from spark_jobs.ops.vector import Dense, Vector

WIDTH = 6
TREES = 150  # more than are added up at once


def drawn(seed, rows, wide=1.0):
    random = np.random.default_rng(seed)
    features = random.normal(scale=wide, size=(rows, WIDTH)).astype(np.float32)
    features[random.random(features.shape) < 0.05] = np.nan
    return features.astype(np.float64)


def prices(features):
    """Numbers about 200,000, of which a model far from its rows has large leaves that cancel."""
    known = np.nan_to_num(features)
    return 2e5 * (1 + known[:, 0] + known[:, 1] * known[:, 2])


def taught(classes, trees=TREES):
    features = drawn(1, 4000)
    labels = prices(features)
    if not classes:
        return xgboost.XGBRegressor(n_estimators=trees, learning_rate=0.3).fit(features, labels)
    labels = np.digitize(labels, np.quantile(labels, [0.8] if classes == 2 else [0.3, 0.9]))
    return xgboost.XGBClassifier(n_estimators=trees, learning_rate=0.3).fit(features, labels)


def graph_of(model, classes, folder):
    """The graph of a model that lies in a folder as `xgboost.spark` saves it."""
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "part-00000").write_bytes(bytes(model.get_booster().save_raw("json")))
    params = {"missing": float("nan"), "enable_sparse_data_optim": False}
    given = argument(Tensor(np.float64, ("N", WIDTH)))
    answer = ALGORITHM.graph(Stage("SparkXGBModel", params, folder), Vector((Dense(given, WIDTH),)), classes)
    said = answer.value if not classes else answer.probabilities
    return build({"x": given}, {"y": said}).SerializeToString()


def asked(graph, rows, threads=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(graph, options).run(None, {"x": rows})[0]


@pytest.fixture(scope="module")
def regressor():
    return taught(0)


@pytest.fixture(params=["today", "older"])
def graph(request, regressor, tmp_path):
    if request.param == "today":
        return graph_of(regressor, 0, tmp_path)
    with legacy_opset():
        return graph_of(regressor, 0, tmp_path)


def test_where_large_leaves_cancel_the_graph_says_every_digit_that_xgboost_says(graph, regressor):
    rows = np.vstack([drawn(2, 20_000, wide=5.0), drawn(1, 4000)])
    wanted = regressor.predict(rows, output_margin=True)
    assert np.abs(wanted).min() < 2e5 / 100 < np.abs(wanted).max(), "some sums are small beside their leaves"
    for threads in (1, 2):
        np.testing.assert_array_equal(asked(graph, rows, threads), wanted.astype(np.float64))


def test_one_row_alone_is_told_the_same_as_among_many(graph, regressor):
    rows = drawn(3, 100, wide=5.0)
    wanted = regressor.predict(rows, output_margin=True)
    for threads in (1, 2):
        alone = [asked(graph, rows[at : at + 1], threads).item() for at in range(20)]
        assert alone == wanted[:20].astype(np.float64).tolist()


@pytest.mark.parametrize("trees", [1, 64, 65])
def test_the_sums_of_any_number_of_trees_are_those_of_xgboost(trees, tmp_path):
    model = taught(0, trees)
    rows = drawn(4, 500, wide=5.0)
    np.testing.assert_array_equal(asked(graph_of(model, 0, tmp_path), rows), model.predict(rows).astype(np.float64))


@pytest.mark.parametrize("classes", [2, 3])
def test_shares_are_those_of_the_margins_that_xgboost_adds_up(classes, tmp_path):
    model = taught(classes)
    start = json.loads(model.get_booster().save_raw("json"))["learner"]["learner_model_param"]["base_score"]
    assert start != "[5E-1]", "the sums start from something"
    rows = drawn(5, 5000, wide=5.0)
    margins = model.predict(rows, output_margin=True).astype(np.float64)
    if classes == 2:
        margins = np.stack([np.zeros(len(margins)), margins], axis=1)
    shares = np.exp(margins - margins.max(axis=1, keepdims=True))
    wanted = shares / shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(asked(graph_of(model, classes, tmp_path / "new"), rows), wanted, rtol=0, atol=1e-12)
    with legacy_opset():
        before = graph_of(model, classes, tmp_path / "older")
    np.testing.assert_allclose(asked(before, rows), wanted, rtol=0, atol=1e-12)

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from spark_jobs.models import FitContext, algorithm_kinds, estimator, find, options, partitions

CONTEXT = FitContext(task="regression", classes=0, width=6, arity=0, rows=800, weight=True)
CLASSES = {"regression": 0, "binary": 2, "multiclass": 3}
QUICK = {
    "forest": {"num_trees": 8, "max_depth": 5},
    "boosted_trees": {"max_iter": 4, "max_depth": 3, "step_size": 0.5},
    "neural_net": {"hidden_layers": [6], "max_iter": 40},
    "svm": {"max_iter": 8},
    "xgboost": {"n_estimators": 20, "learning_rate": 0.3},
}
CASES = [(kind, task) for kind in algorithm_kinds() for task in find(kind).estimators]


def drawn(seed, rows):
    """Features (the last slot is noise) and one label a task, from a known rule."""
    random = np.random.default_rng(seed)
    level = random.integers(0, 3, rows)
    dense = random.normal(size=(rows, 2))
    features = np.column_stack([dense, level == 0, level == 1, level == 2, random.normal(size=rows)]).astype(float)
    number = 3 * features[:, 0] - 2 * features[:, 1] + 1.5 * features[:, 2] + random.normal(scale=0.3, size=rows)
    many = np.argmax([features[:, 0], features[:, 1], -features[:, 0] - features[:, 1]], axis=0)
    return features, {"regression": number, "binary": (number > 0).astype(float), "multiclass": many.astype(float)}


def framed(spark, features, labels, weight):
    """The rows as a frame in one partition; every second vector is sparse, as VectorAssembler would leave them."""
    from pyspark.ml.linalg import Vectors

    rows = []
    for at, row in enumerate(features):
        sparse = Vectors.sparse(len(row), [(int(slot), float(row[slot])) for slot in np.flatnonzero(row)])
        vector = Vectors.dense(row.tolist()) if at % 2 else sparse
        rows.append((vector, *(float(values[at]) for values in labels.values()), float(weight[at])))
    return spark.createDataFrame(rows, ["features", *labels, "weight"]).coalesce(1)


@pytest.fixture(scope="module")
def good():
    return drawn(1, 300)


@pytest.fixture(scope="module")
def training(session, good, tmp_path_factory):
    """300 good rows of weight 1 and 500 of nearly no weight that say the contrary."""
    contrary, labels = drawn(2, 500)
    labels = {
        "regression": -labels["regression"],
        "binary": 1 - labels["binary"],
        "multiclass": (labels["multiclass"] + 1) % 3,
    }
    both = {task: np.concatenate([good[1][task], labels[task]]) for task in labels}
    weight = np.repeat([1.0, 1e-4], [300, 500])
    path = str(tmp_path_factory.mktemp("models") / "training")
    framed(session, np.vstack([good[0], contrary]), both, weight).write.parquet(path)
    return session.read.parquet(path).coalesce(1)


@pytest.fixture(scope="module")
def unseen(session):
    features, labels = drawn(3, 200)
    return framed(session, features, labels, np.ones(200)), labels


def fitted(kind, task, rows, params=None, **context):
    made = estimator(kind, params or {}, replace(CONTEXT, task=task, classes=CLASSES[task], **context))
    return made.fit(rows.withColumnRenamed(task, "label"))


def predicted(model, rows, column="prediction"):
    return np.array([row[0] for row in model.transform(rows).select(column).collect()])


def usual(task, truth):
    """What predicting the mean or the commonest class is worth: an RMSE or an accuracy."""
    return truth.std() if task == "regression" else np.bincount(truth.astype(int)).max() / len(truth)


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_an_algorithm_learns_by_weight_and_predicts_the_same_when_loaded(spark, training, unseen, tmp_path, kind, task):
    from pyspark.ml import PipelineModel
    from pyspark.sql import functions as F

    algorithm, (rows, labels) = find(kind), unseen
    taught = training if algorithm.weighted else training.where(F.col("weight") == 1)
    model = fitted(kind, task, taught, QUICK.get(kind), weight=algorithm.weighted)
    guess, truth = predicted(model, rows), labels[task]
    if task == "regression":
        assert np.sqrt(np.mean((guess - truth) ** 2)) < 0.6 * usual(task, truth)
    else:
        assert np.mean(guess == truth) > usual(task, truth) + 0.2
    if algorithm.importances:
        found = algorithm.importances(model)
        signed = algorithm.linear and task != "multiclass"  # the label grows with slot 0 and falls with slot 1
        assert np.sign(found[:2]).tolist() == ([1, -1] if signed else [1, 1])
        sizes = np.abs(found)
        assert len(sizes) == 6
        assert sizes[5] == min(sizes[0], sizes[1], sizes[5])
    PipelineModel(stages=[model]).write().save(str(tmp_path / "model"))
    assert np.array_equal(predicted(PipelineModel.load(str(tmp_path / "model")), rows), guess)


@pytest.mark.parametrize("mix", [0.0, 0.5])
def test_linear_regression_is_scikit_learns(spark, training, mix):
    from sklearn.linear_model import ElasticNet

    features, labels, weight = collected(training, "regression")
    params = {"reg_param": 0.01, "elastic_net_param": mix, "tol": 1e-9}
    mean = np.average(labels, weights=weight)
    std = np.sqrt(np.average((labels - mean) ** 2, weights=weight))
    model = fitted("linear", "regression", training, params, label_std=float(std))
    # scikit-learn's Ridge sums squared errors, its ElasticNet and Spark average half of them.
    twin = ElasticNet(alpha=0.01, l1_ratio=0.5, tol=1e-10) if mix else Ridge(alpha=0.01 * weight.sum())
    center = np.average(features, axis=0, weights=weight)
    scale = np.sqrt(np.average((features - center) ** 2, axis=0, weights=weight))
    twin.fit(features / scale, labels / std, sample_weight=weight)
    assert model.coefficients.toArray() == pytest.approx(twin.coef_ / scale * std, abs=1e-3)
    assert model.intercept == pytest.approx(twin.intercept_ * std, abs=1e-3)


def test_linear_regression_takes_one_pass_also_with_a_constant_feature_and_any_unit_of_the_label(spark):
    random = np.random.default_rng(7)
    features = np.column_stack([random.normal(size=(200, 1)), np.zeros(200), np.ones(200)])
    labels = 1e-6 * (5 * features[:, 0] + 1)
    rows = framed(spark, features, {"regression": labels}, np.ones(200))
    model = fitted("linear", "regression", rows, width=3, label_std=float(labels.std()))
    assert list(model.summary.objectiveHistory) == [0.0]
    assert model.coefficients.toArray() == pytest.approx([5e-6, 0, 0], abs=1e-8)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_logistic_regression_is_scikit_learns(spark, training, task):
    features, labels, weight = collected(training, task)
    model = fitted("linear", task, training, {"reg_param": 0.01, "tol": 1e-9, "max_iter": 500})
    twin = LogisticRegression(C=1 / (0.01 * weight.sum()), tol=1e-9, max_iter=5000)
    twin.fit(features, labels, sample_weight=weight)
    rows = training.withColumnRenamed(task, "label")
    found = np.array([vector.toArray() for vector in predicted_vectors(model, rows)])
    assert found == pytest.approx(twin.predict_proba(features), abs=1e-4)


def collected(rows, task):
    taken = rows.select("features", task, "weight").collect()
    return np.array([row[0].toArray() for row in taken]), *np.array([row[1:] for row in taken]).T


def predicted_vectors(model, rows):
    return [row[0] for row in model.transform(rows).select("probability").collect()]


def test_xgboost_takes_a_zero_of_a_sparse_vector_for_a_zero(spark):
    """No zero in training: one read as missing would follow the default branches to an end, -3 or 3."""
    known = np.concatenate([np.linspace(-3, -1, 100), np.linspace(1, 3, 100)])
    taught = framed(spark, known[:, None], {"regression": known}, np.ones(200))
    model = fitted("xgboost", "regression", taught, {"n_estimators": 20, "learning_rate": 0.3}, width=1)
    zeros = framed(spark, np.zeros((2, 1)), {"regression": np.zeros(2)}, np.ones(2))
    assert np.abs(predicted(model, zeros)).max() < 1.5


def test_trees_take_a_category_with_more_levels_than_bins(spark):
    from pyspark.ml.feature import StringIndexer, VectorAssembler

    rows = spark.range(1000).selectExpr("concat('level ', id % 90) AS c", "cast(id % 90 AS double) AS label")
    indexed = StringIndexer(inputCol="c", outputCol="i", handleInvalid="keep").fit(rows).transform(rows)
    taught = VectorAssembler(inputCols=["i"], outputCol="features").transform(indexed).coalesce(1)
    context = replace(CONTEXT, width=1, arity=90, weight=False)
    model = estimator("tree", {"max_bins": 2}, context).fit(taught)
    assert model.getMaxBins() == 92
    assert np.abs(predicted(model, taught) - np.array([row[0] for row in taught.select("label").collect()])).mean() < 3


def test_a_one_against_rest_svm_with_defaults_ends_soon(spark):
    """Four classes and 1,700 rows with Spark's own defaults: more than half a minute."""
    random = np.random.default_rng(5)
    levels = random.integers(0, 4, (1700, 5))
    label = np.clip(levels.sum(axis=1) // 4, 0, 3).astype(float)
    features = np.concatenate([levels == value for value in range(4)], axis=1).astype(float)
    rows = framed(spark, features, {"label": label}, np.ones(1700)).coalesce(partitions("svm", 1700))
    context = FitContext(task="multiclass", classes=4, width=20, arity=0, rows=1700, weight=True)
    started = time.monotonic()
    model = estimator("svm", {}, context).fit(rows)
    assert time.monotonic() - started < 30
    assert np.mean(predicted(model, rows) == label) > 0.6


def test_gaussian_naive_bayes_takes_numbers_below_zero_and_multinomial_is_kept_from_them():
    assert options("naive_bayes", {}).model_type == "gaussian"
    assert find("naive_bayes").numbers_for(options("naive_bayes", {"model_type": "multinomial"})) == "unit"

"""Fits in memory find what Spark's estimators find on the same rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spark_jobs.models import ArrayRows, FitContext, estimator, find, options
from spark_jobs.training.array_metrics import array_metrics

ROWS, HELD_OUT = 600, 200
CHANCE = np.random.default_rng(5)
# A block size that divides the rows: Spark gives each block the same weight, an incomplete one too.
OF_SPARK = {"reg_param": 0.0, "block_size": 100}


def drawn():
    """Numbers of different spread, indicators of a category, a constant, and a label with noise for each task."""
    level = CHANCE.integers(0, 3, ROWS)
    numbers = CHANCE.normal(size=(ROWS, 3)) * [1, 3, 0.2] + [0, 5, 0]
    features = np.column_stack([numbers, level == 0, level == 1, level == 2, np.ones(ROWS)]).astype(np.float32)
    score = numbers[:, 0] - 0.4 * (numbers[:, 1] - 5) + 1.5 * (level == 1) + CHANCE.normal(0, 0.7, ROWS)
    labels = {
        "regression": 40 * score + 1000,
        "binary": (score > 0.8).astype(float),
        "multiclass": np.digitize(score, [-1, 0.5, 2]).astype(float),
    }
    return features, labels, CHANCE.uniform(0.2, 3, ROWS)


@pytest.fixture(scope="module")
def rows():
    return drawn()


@pytest.fixture(scope="module")
def frame(session, rows):
    from pyspark.ml.linalg import Vectors

    features, labels, weight = rows
    values = np.column_stack([*labels.values(), weight]).tolist()
    made = [(Vectors.dense(row), *others) for row, others in zip(features.tolist(), values, strict=True)]
    return session.createDataFrame(made, ["features", *labels, "weight"]).coalesce(1).cache()


def by_spark(kind, params, context, frame, partitions=1):
    """Spark's predictions of all rows, from a fit on the first ones."""
    labelled = frame.withColumnRenamed(context.task, "label")
    training = labelled.limit(ROWS - HELD_OUT).repartition(partitions)
    model = estimator(kind, params, context).fit(training)
    column = "prediction" if context.task == "regression" else "probability"
    found = [row[0] for row in model.transform(labelled).select(column).collect()]
    return np.array(found if context.task == "regression" else [one.toArray() for one in found])


def in_task(kind, params, context, rows):
    features, labels, weight = rows
    first = slice(0, ROWS - HELD_OUT)
    training = ArrayRows(features[first], labels[context.task][first], weight[first] if context.weight else None)
    held_out = ArrayRows(features[first.stop :], labels[context.task][first.stop :])
    return find(kind).fit_in_task(options(kind, params), context, training, held_out, "log_loss").predict(features)


def context_of(task, rows, weight=True):
    label = rows[1][task][: ROWS - HELD_OUT]
    classes = {"regression": 0, "binary": 2, "multiclass": 4}[task]
    std = float(label.std()) if task == "regression" else 1.0
    return FitContext(task, classes, 7, 0, ROWS - HELD_OUT, weight=weight, label_std=std)


@pytest.mark.parametrize(
    ("params", "weight"),
    [
        ({"reg_param": 0.05}, False),
        ({"reg_param": 0.05, "elastic_net_param": 0.5}, True),
        ({"reg_param": 0.01, "elastic_net_param": 1.0}, True),
        ({"reg_param": 0.02, "fit_intercept": False}, True),
        ({"reg_param": 0.0}, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_linear_fit_in_memory_predicts_what_sparks_does(task, params, weight, rows, frame):
    context, params = context_of(task, rows, weight), {"tol": 1e-9, "max_iter": 500, **params}
    expected = by_spark("linear", params, context, frame)
    spread = rows[1][task].std() if task == "regression" else 1.0
    assert in_task("linear", params, context, rows) == pytest.approx(expected, abs=1e-3 * spread)


def held_out_loss(task, rows, shares):
    return array_metrics(task, rows[1][task][-HELD_OUT:], shares[-HELD_OUT:])["log_loss"]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_perceptron_without_hidden_layers_predicts_what_sparks_does(task, rows, frame):
    """Its loss has one minimum, so that the first weights do not matter."""
    context, params = (
        context_of(task, rows, weight=False),
        {"hidden_layers": [], "max_iter": 1000, "tol": 1e-9, **OF_SPARK},
    )
    expected = by_spark("neural_net", params, context, frame)
    assert in_task("neural_net", params, context, rows) == pytest.approx(expected, abs=2e-2)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_perceptron_in_memory_is_as_good_on_held_out_rows_as_sparks(task, rows, frame):
    context, params = context_of(task, rows, weight=False), {"hidden_layers": [6, 4], "max_iter": 40, **OF_SPARK}
    found = [fit("neural_net", params, context, rows) for fit, rows in ((in_task, rows), (by_spark, frame))]
    ours, sparks = (held_out_loss(task, rows, shares) for shares in found)
    assert ours == pytest.approx(sparks, rel=0.15)


def test_a_penalty_keeps_a_perceptron_from_being_overconfident(rows, frame):
    context, params = context_of("multiclass", rows, weight=False), {"hidden_layers": [32], "max_iter": 300}
    free, penalized = (
        in_task("neural_net", {**params, "reg_param": strength}, context, rows) for strength in (0.0, 1e-2)
    )
    assert held_out_loss("multiclass", rows, penalized) < 0.7 * held_out_loss("multiclass", rows, free)


@pytest.mark.parametrize(("partitions", "said"), [(1, ROWS), (3, 2**30)])
def test_sparks_model_has_the_weights_of_the_fit_with_a_penalty(partitions, said, rows, frame):
    """A table that is said to be too large for one task sums the loss over partitions."""
    context = replace(context_of("multiclass", rows, weight=False), rows=said)
    params = {"hidden_layers": [5], "max_iter": 30, "reg_param": 1e-2}
    expected = in_task("neural_net", params, context, rows)
    assert by_spark("neural_net", params, context, frame, partitions) == pytest.approx(expected, abs=1e-4)

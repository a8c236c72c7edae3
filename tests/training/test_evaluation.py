"""Evaluation of test rows in Spark, against scikit-learn on the same rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as exact

from spark_jobs.errors import DataError
from spark_jobs.training.evaluation import evaluate

ODD = 'a.b `c` "d" é🙂'


def store(spark, tmp_path, rows):
    path = str(tmp_path / "scored.parquet")
    rows.rename(columns={ODD: "odd"}).to_parquet(path)
    scored = spark.read.parquet(path)
    return scored.withColumnRenamed("odd", ODD) if ODD in rows else scored


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    label = np.round(rng.gamma(2, 10, 3000))
    level = rng.choice(["x", "y", "it's"], 3000)
    prediction = label + rng.normal(0, 4, 3000)
    weight = rng.random(3000) + 0.1
    return pd.DataFrame({"label": label, "prediction": prediction, "weight": weight, ODD: level})


def test_a_constant_prediction_is_measured_beside_the_model_as_scikit_learn_does(spark, tmp_path, numbers):
    scored = store(spark, tmp_path, numbers)
    found = evaluate(scored, "regression", (), None, slices=[ODD], weight=True, constant=17.25)
    y, w = numbers["label"].to_numpy(), numbers["weight"].to_numpy()
    p, some = np.full(len(y), 17.25), y != 0
    assert found.details["baseline"]["prediction"] == 17.25
    assert found.details["baseline"]["metrics"] == pytest.approx({
        "rmse": exact.root_mean_squared_error(y, p, sample_weight=w),
        "mse": exact.mean_squared_error(y, p, sample_weight=w),
        "mae": exact.mean_absolute_error(y, p, sample_weight=w),
        "r2": exact.r2_score(y, p, sample_weight=w),
        "mape": exact.mean_absolute_percentage_error(y[some], p[some], sample_weight=w[some]),
    })  # fmt: skip


def test_predicted_numbers_are_checked_as_scikit_learn_judges_them(spark, tmp_path, numbers):
    found = evaluate(store(spark, tmp_path, numbers), "regression", (), None, slices=[ODD], weight=True)
    y, p, w = (numbers[name].to_numpy() for name in ("label", "prediction", "weight"))
    assert found.rows == 3000
    assert found.metrics["rmse"] == pytest.approx(exact.root_mean_squared_error(y, p, sample_weight=w))
    assert found.metrics["mse"] == pytest.approx(exact.mean_squared_error(y, p, sample_weight=w))
    assert found.metrics["mae"] == pytest.approx(exact.mean_absolute_error(y, p, sample_weight=w))
    assert found.metrics["r2"] == pytest.approx(exact.r2_score(y, p, sample_weight=w))
    some = y != 0
    off = exact.mean_absolute_percentage_error(y[some], p[some], sample_weight=w[some])
    assert found.metrics["mape"] == pytest.approx(off)
    assert found.notes == (f"mape leaves out {(~some).sum()} test rows whose target is 0.",)

    assert "baseline" not in found.details

    quantiles = found.details["residuals"]["quantiles"]
    assert quantiles["0.5"] == pytest.approx(np.median(p - y), abs=0.01)
    assert found.details["residuals"]["shares"].sum() == pytest.approx(0.99, abs=2e-3)
    grid = found.details["predicted_actual"]
    low, high = grid["low"], grid["high"]
    inside = (y >= low) & (y <= high) & (p >= low) & (p <= high)
    assert grid["weights"].sum() == pytest.approx(w[inside].sum())
    assert grid["rows_outside"] == (~inside).sum()
    edges = np.linspace(low, high, 49)
    assert grid["weights"] == pytest.approx(np.histogram2d(y, p, [edges, edges], weights=w)[0], abs=10)

    levels = {one["level"]: one for one in found.details["slices"][ODD]}
    at = (numbers[ODD] == "it's").to_numpy()
    assert levels.keys() == {"x", "y", "it's"}
    assert levels["it's"]["rows"] == at.sum()
    assert levels["it's"]["metrics"]["r2"] == pytest.approx(exact.r2_score(y[at], p[at], sample_weight=w[at]))
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_slice_of_many_levels_keeps_the_largest_and_adds_up_the_rest(spark, tmp_path):
    level = [f"l{i:03}" for i in range(80) for _ in range(100 - i)] + [None] * 500
    rows = pd.DataFrame({"label": np.arange(len(level)) * 1.0, "prediction": 0.0, "s": level})
    found = evaluate(store(spark, tmp_path, rows), "regression", (), None, slices=["s"]).details["slices"]["s"]
    assert found[0]["level"] is None
    assert found[0]["rows"] == 500
    assert [one["level"] for one in found[1:4]] == ["l000", "l001", "l002"]
    assert len(found) == 51
    assert found[-1]["others"]
    assert found[-1]["rows"] == sum(100 - i for i in range(49, 80))
    assert sum(one["rows"] for one in found) == len(level)


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(1)
    label = (rng.random(4000) < 0.2).astype(float)
    p = np.round(1 / (1 + np.exp(1.5 - rng.normal(size=4000) - 1.5 * label)), 2)
    p[:3] = (0.0, 1.0, 1.0)
    return pd.DataFrame(
        {
            "label": label,
            "prediction": (p > 0.5).astype(float),
            "probability": [[1 - one, one] for one in p],
            "p": p,
            "weight": rng.integers(1, 4, 4000).astype(float),
            ODD: rng.choice(["u", "v"], 4000),
        }
    )


def test_two_classes_are_checked_as_scikit_learn_judges_them(spark, tmp_path, events):
    scored = store(spark, tmp_path, events)
    found = evaluate(scored, "binary", ("no", "yes"), "yes", threshold_for="f1", slices=[ODD], weight=True)
    y, p, w = (events[name].to_numpy() for name in ("label", "p", "weight"))
    called = p > 0.5
    assert found.metrics == pytest.approx(
        {
            "accuracy": exact.accuracy_score(y, called, sample_weight=w),
            "balanced_accuracy": exact.balanced_accuracy_score(y, called, sample_weight=w),
            "precision": exact.precision_score(y, called, sample_weight=w),
            "recall": exact.recall_score(y, called, sample_weight=w),
            "f1": exact.f1_score(y, called, sample_weight=w),
            "roc_auc": exact.roc_auc_score(y, p, sample_weight=w),
            "pr_auc": exact.average_precision_score(y, p, sample_weight=w),
            "log_loss": exact.log_loss(y, p, sample_weight=w),
            "brier": exact.brier_score_loss(y, p, sample_weight=w),
        },
        abs=1e-12,
    )
    assert found.details["confusion"].tolist() == exact.confusion_matrix(y, called).tolist()
    at = (events[ODD] == "u").to_numpy()
    level = next(one for one in found.details["slices"][ODD] if one["level"] == "u")
    assert level["metrics"]["f1"] == pytest.approx(exact.f1_score(y[at], called[at], sample_weight=w[at]))
    assert level["metrics"]["log_loss"] == pytest.approx(exact.log_loss(y[at], p[at], sample_weight=w[at]))
    best = found.details["threshold"]
    tried = [exact.f1_score(y, p >= t, sample_weight=w) for t in np.unique(p)]
    assert best["metrics"]["f1"] == pytest.approx(max(tried))
    json.dumps(found.to_dict(), allow_nan=False)


def test_an_event_that_is_the_first_label_and_margins_in_place_of_probabilities(spark, tmp_path, events):
    rows = events.assign(rawPrediction=[[2 * one - 1, 1 - 2 * one] for one in events["p"]]).drop(columns="probability")
    rows["label"], rows["prediction"] = 1 - rows["label"], 1 - rows["prediction"]
    found = evaluate(store(spark, tmp_path, rows), "binary", ("yes", "no"), "yes")
    y, p = events["label"].to_numpy(), events["p"].to_numpy()
    assert found.metrics["roc_auc"] == pytest.approx(exact.roc_auc_score(y, p))
    assert found.metrics["pr_auc"] == pytest.approx(exact.average_precision_score(y, p))
    assert found.metrics["precision"] == pytest.approx(exact.precision_score(y, p > 0.5))
    assert "log_loss" not in found.metrics
    assert "calibration" not in found.details["curves"]["yes"]


def test_many_classes_are_checked_as_scikit_learn_judges_them_and_a_new_label_is_an_error(spark, tmp_path):
    rng = np.random.default_rng(2)
    label = rng.choice(3, 3000, p=[0.6, 0.3, 0.1]).astype(float)
    raw = np.exp(rng.normal(size=(3000, 3)) + 1.5 * np.eye(3)[label.astype(int)])
    p = raw / raw.sum(axis=1, keepdims=True)
    called = p.argmax(axis=1).astype(float)
    known = np.arange(3000) >= 40
    rows = pd.DataFrame(
        {
            "label": np.where(known, label, np.nan),
            "prediction": called,
            "probability": p.tolist(),
            "label_text": np.where(known, "known", np.where(np.arange(3000) < 30, "<new>", "other")),
        }
    )
    rows["label"] = rows["label"].astype("Float64")
    found = evaluate(store(spark, tmp_path, rows), "multiclass", ("a", "b", "c"), None)
    true = np.where(known, label, 3)
    with_new = np.c_[p, np.zeros(3000)]
    assert found.metrics["accuracy"] == pytest.approx(exact.accuracy_score(true, called))
    assert found.metrics["f1"] == pytest.approx(exact.f1_score(true, called, labels=[0, 1, 2], average="macro"))
    assert found.metrics["precision"] == pytest.approx(
        exact.precision_score(true, called, labels=[0, 1, 2], average="macro")
    )
    assert found.metrics["log_loss"] == pytest.approx(exact.log_loss(true, with_new, labels=[0, 1, 2, 3]))
    assert found.metrics["brier"] == pytest.approx(np.mean(((with_new - np.eye(4)[true.astype(int)]) ** 2).sum(axis=1)))
    areas = [exact.roc_auc_score(true == k, p[:, k]) for k in range(3)]
    precisions = [exact.average_precision_score(true == k, p[:, k]) for k in range(3)]
    assert found.metrics["roc_auc"] == pytest.approx(np.mean(areas), abs=1e-12)
    assert found.metrics["pr_auc"] == pytest.approx(np.mean(precisions), abs=1e-12)
    assert found.details["confusion"].tolist() == exact.confusion_matrix(true, called)[:, :3].tolist()
    assert found.details["unseen_labels"] == {"<new>": 30, "other": 10}
    assert found.notes == ("40 test rows have a label unseen in training: each counts as an error.",)


def test_test_rows_that_say_nothing_are_refused(spark, tmp_path, events, numbers):
    scored = store(spark, tmp_path, events)
    with pytest.raises(DataError, match=r"at least two classes. Got no row"):
        evaluate(scored.limit(0), "binary", ("no", "yes"), "yes")
    with pytest.raises(DataError, match=r"Got \d+ rows, none of them 'yes'"):
        evaluate(scored.where("label = 0"), "binary", ("no", "yes"), "yes")
    with pytest.raises(DataError, match=r"Got \d+ rows, all of them 'b'"):
        evaluate(scored.where("label = 1"), "multiclass", ("a", "b"), None)
    with pytest.raises(DataError, match=r"must hold rows with a target. Got no rows"):
        evaluate(spark.createDataFrame([], "label double, prediction double"), "regression", (), None)


def test_predictions_that_are_no_numbers_are_refused(spark):
    rows = [(1.0, 2.0), (2.0, float("nan")), (3.0, None), (4.0, float("inf")), (None, None)]
    with pytest.raises(DataError, match=r"must be finite numbers. 3 of 4 rows have others"):
        evaluate(spark.createDataFrame(rows, "label double, prediction double"), "regression", (), None)
    rows = [(0.0, 0.0, [0.5, 0.5]), (1.0, 1.0, [float("nan")] * 2)]
    scored = spark.createDataFrame(rows, "label double, prediction double, probability array<double>")
    with pytest.raises(DataError, match=r"must be numbers. 1 of 2 rows have none"):
        evaluate(scored, "binary", ("no", "yes"), "yes")

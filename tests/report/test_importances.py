"""Weights are grouped by raw column and comparable across numbers and categories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_contexts import classes, context, number_column, regression, text_column

from spark_jobs.features import CategoryInput, NumberInput
from spark_jobs.plan.learning_task import LearningTask
from spark_jobs.profile.profile import Profile
from spark_jobs.report.importances import compute_importances, has_signed_coefficients, name_coefficients

SIZES = np.random.default_rng(3).normal(50, 8, 400)
COLOURS = {"red": 300, "blue": 100}


def made(model, weights, scale="standard"):
    profile = Profile(400, {"size": number_column("size", SIZES), "colour": text_column("colour", COLOURS)})
    inputs = (
        NumberInput("n0", "size", scale=scale),
        NumberInput("n1", "day", part="year"),
        NumberInput("n2", "day", part="month"),
        CategoryInput("c0", "colour", ("blue", "red"), "one_hot"),
        CategoryInput("c1", "shop", ("x",), "target", scale="standard"),
    )
    start = context(regression(), importances=weights)
    return replace(start, profile=profile, plan=replace(start.plan, model=model, inputs=inputs))


def importances(given):
    return compute_importances(given.plan, given.profile, given.importances)


def test_the_shares_of_trees_add_up_by_column():
    shares = [("size", 0.4), ("day ▸ year", 0.2), ("day ▸ month", 0.3), ("colour", 0.1)]
    found = importances(made("forest", shares))
    assert dict(found.columns) == pytest.approx({"day": 0.5, "size": 0.4, "colour": 0.1})
    assert found.columns[0][0] == "day"
    assert found.coefficients == ()


def test_a_coefficient_counts_by_the_spread_of_its_feature():
    given = made("linear", [("size", 3.0), ("colour = red", -4.0), ("colour = blue", 4.0)])
    found = importances(given)
    spread = np.std(np.repeat([0, 1], [100, 300]))  # of a 0/1 feature, by numpy
    assert dict(found.columns) == pytest.approx({"size": 3.0, "colour": np.hypot(4 * spread, 4 * spread)})
    assert has_signed_coefficients(given.plan)
    assert ("colour = red", -4.0, pytest.approx(-4 * spread)) in found.coefficients


@pytest.mark.parametrize(
    ("scale", "std"),
    [
        ("none", np.std(SIZES, ddof=1)),
        ("min_max", np.std(SIZES, ddof=1) / np.ptp(SIZES)),
        ("max_abs", np.std(SIZES, ddof=1) / np.abs(SIZES).max()),
        ("robust", np.std(SIZES, ddof=1) / np.subtract(*np.quantile(SIZES, [0.75, 0.25], method="inverted_cdf"))),
        ("standard", 1.0),
    ],
)
def test_a_number_counts_by_its_spread_after_scaling(scale, std):
    found = importances(made("linear", [("size", 2.0)], scale))
    assert dict(found.columns)["size"] == pytest.approx(2 * std)


def test_a_target_encoding_and_a_missing_indicator_belong_to_their_column():
    found = importances(made("forest", [("shop (a class)", 0.5), ("shop is missing", 0.25), ("else", 0.25)]))
    assert dict(found.columns) == {"shop": 0.75, "else": 0.25}


def test_the_coefficient_of_a_weekday_has_its_name():
    given = made("linear", [("day ▸ weekday = 6", 2.0)])
    weekday = CategoryInput("c2", "day", ("0", "6"), "one_hot", part="weekday")
    given = replace(given, plan=replace(given.plan, inputs=(weekday,)))
    assert [name for name, *_ in importances(given).coefficients] == ["day ▸ weekday = Sun"]


def test_an_importance_is_never_negative():
    assert importances(made("linear", [("size", -3.0)])).columns == (("size", pytest.approx(3.0)),)
    assert compute_importances(None, Profile(0, {}), [("size", -3.0)]).columns == (("size", 3.0),)


@pytest.mark.parametrize(
    ("model", "task", "told"),
    [
        ("linear", "regression", "change of the predicted price per standard deviation"),
        ("linear", "binary", "change of the log-odds of price = yes per standard deviation"),
        ("svm", "binary", "change of the margin of price = yes per standard deviation"),
        ("linear", "multiclass", "norm over the classes of the change of their scores per standard deviation"),
    ],
)
def test_a_coefficient_has_a_unit_and_for_up_to_two_classes_a_sign(model, task, told):
    labels = ("no", "yes", "maybe") if task == "multiclass" else ("no", "yes")
    evaluation = regression() if task == "regression" else replace(classes(labels), task=task)
    given = replace(made(model, [("size", 3.0)]), task=task, evaluation=evaluation, target="price")
    given = replace(given, plan=replace(given.plan, problem=LearningTask(task, "price", labels)))
    assert name_coefficients(given) == told
    assert has_signed_coefficients(given.plan) == (task != "multiclass")
    assert not has_signed_coefficients(made("forest", [("size", 0.5)]).plan)

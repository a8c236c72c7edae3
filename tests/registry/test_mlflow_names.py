from __future__ import annotations

import pytest

from spark_jobs.registry.mlflow_names import escaped, measures, parameters


@pytest.mark.parametrize(
    ("name", "safe"),
    [("recall_>50K", "recall__x3e_50K"), ("model.depth", "model.depth"), ("a/b", "a_x2f_b"), (".a.", "_x2e_a_x2e_")],
)
def test_a_name_is_put_in_safe_characters(name, safe):
    assert escaped(name) == safe


def test_two_names_never_become_one():
    names = [">", "_x3e_", "__x3e_", "_>", "x3e", "/", "_x2f_"]
    assert len({escaped(name) for name in names}) == len(names)


def test_a_value_is_left_out_rather_than_cut():
    kept, left = parameters({"a": 1, "b": None, "long": "x" * 501, "list": [1], "c": False, "ü": {"d": {"e": 0.5}}})
    assert kept == {"a": "1", "b": "None", "c": "False", "_xfc_.d.e": "0.5"}
    assert left == ("long", "list")


def test_a_metric_that_is_no_number_is_not_logged():
    assert measures({"rmse": 1, "r2": float("nan"), "mape": float("inf")}) == {"rmse": 1.0}

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.plan import LearningTask, infer_task
from spark_jobs.profile.batch import ScanOptions, profile_column
from spark_jobs.spec import Spec


def _frame(cells: list[str | None], kind: str = "text", integral: bool = False, **asked: Any) -> LearningTask:
    spec = Spec.model_validate({"name": "t", "source": {"path": "t.csv"}, "target": "y"} | asked)
    target = profile_column("y", "string", pa.array(cells, pa.string()), ScanOptions(levels=1000), None)
    return infer_task(spec, target, ColumnType("y", kind, "number", "", integral))  # type: ignore[arg-type]


def test_two_labels_make_a_binary_task_whose_event_is_the_rarer_one() -> None:
    problem = _frame(["yes", "no", "no", None])
    assert (problem.task, problem.labels, problem.positive) == ("binary", ("no", "yes"), "yes")


@pytest.mark.parametrize("positive", ["1", 1, 1.0, "1.0"])
def test_the_event_is_compared_as_text_or_as_a_number(positive: object) -> None:
    problem = _frame(["1", "1", "0"], "number", True, positive=positive)
    assert problem.labels == ("0", "1")


@pytest.mark.parametrize("positive", [True, "True", "TRUE"])
def test_booleans_are_compared_without_case(positive: object) -> None:
    assert _frame(["true", "false", "true"], "boolean", positive=positive).labels == ("false", "true")


def test_spellings_of_one_number_are_one_label() -> None:
    assert _frame(["1", "1.0", "2", "02", "3"], "number", True).labels == ("1", "2", "3")


def test_whole_numbers_beyond_a_double_are_labels_of_their_own() -> None:
    cells = ["9007199254740992", "9007199254740993", "9007199254740993.0", "9007199254740994"] * 2
    assert _frame(cells, "number", True).labels == ("9007199254740992", "9007199254740993", "9007199254740994")
    problem = _frame(cells, "number", True, task="binary", positive=9007199254740993)
    assert problem.positive == "9007199254740993"


def test_numbers_of_many_values_are_a_regression_and_few_whole_ones_classes() -> None:
    assert _frame([str(i / 7) for i in range(50)], "number").task == "regression"
    assert _frame([str(i % 3) for i in range(50)], "number", True).task == "multiclass"
    assert _frame([str(i % 3) for i in range(50)], "number", True, task="regression").task == "regression"


def test_numbers_declared_categorical_are_classes_under_one_spelling() -> None:
    declared = {"columns": {"categorical": ["y"]}}
    for cells in (["0.0", "1.0", "2.5"], ["0", "1", "2.5"]):
        problem = _frame(cells * 3, "number", **declared)
        assert (problem.task, problem.labels) == ("multiclass", ("0", "1", "2.5"))
        assert "declared categorical" in problem.reason
    with pytest.raises(DataError, match="most of them once"):
        _frame([str(i / 7) for i in range(50)], "number", **declared)


def test_text_of_several_labels_is_multiclass_in_the_order_of_the_text() -> None:
    assert _frame(["b", "a", "c", "a"]).labels == ("a", "b", "c")


def test_one_label_against_the_rest_needs_the_event() -> None:
    with pytest.raises(DataError, match="3 labels"):
        _frame(["a", "b", "c"], task="binary")
    assert _frame(["a", "b", "c"], task="binary", positive="b").labels == ("not b", "b")


def test_a_label_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(DataError, match="'yess'") as refused:
        _frame(["yes", "no"], positive="yess")
    assert "'yes'" in refused.value.advice


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([None, None], "no value in any row"),
        (["a", "a", None], "only one value, 'a', in 2 of 3 rows [(]1 are null[)]"),
    ],
)
def test_a_target_that_says_nothing_is_refused(cells: list[str | None], said: str) -> None:
    with pytest.raises(DataError, match=said):
        _frame(cells)


def test_text_is_no_number_to_regress_on() -> None:
    with pytest.raises(DataError, match="A regression needs a number"):
        _frame(["a", "b", "c"], task="regression")


def test_too_many_classes_are_refused() -> None:
    with pytest.raises(DataError, match="too many for classes"):
        _frame([f"label {i // 2}" for i in range(3000)])


@pytest.mark.parametrize("kind", ["boolean", "text"])
def test_words_for_true_and_false_are_two_labels_however_they_are_written(kind: str) -> None:
    problem = _frame(["true", "TRUE", "1", "0", "false", "FALSE", "true", "false"], kind)
    assert (problem.task, len(problem.labels)) == ("binary", 2)
    assert {label.lower() for label in problem.labels} == {"true", "false"}
    assert problem.warnings == ("The target 'y' has 6 spellings of 2 labels: false, true, 0, 1, FALSE and 1 more.",)


def test_spellings_of_yes_and_no_are_the_two_most_frequent_ones() -> None:
    problem = _frame(["Yes", "Yes", "yes", "Y", "no", "NO", "no", "n", "no", "no"])
    assert (problem.labels, problem.positive) == (("no", "Yes"), "Yes")
    assert _frame(["Yes", "yes", "no", "NO"], positive="YES").positive == "Yes"
    assert _frame(["Yes", "No", "no"], positive=True).positive == "Yes"


def test_other_labels_that_differ_by_case_stay_apart_and_are_named() -> None:
    problem = _frame(["Setosa", "setosa", "virginica", "Setosa", "setosa", "y"])
    assert problem.labels == ("Setosa", "setosa", "virginica", "y")
    assert problem.warnings == (
        "Labels of the target 'y' differ only by case or blanks and stay apart: 'Setosa', 'setosa'.",
    )


@pytest.mark.parametrize(
    "cells", [["0", "1", "2"], ["0.0", "1.0", "2.0"], ["0.00", "1.00", "2.00"], ["0", "1.0", "02"]]
)
@pytest.mark.parametrize("integral", [True, False])
def test_whole_numbers_are_the_same_labels_in_every_storage(cells: list[str], integral: bool) -> None:
    problem = _frame([*cells, "NaN", *cells], "number", integral)
    assert (problem.task, problem.labels) == ("multiclass", ("0", "1", "2"))


def test_text_that_mostly_differs_is_no_class_but_where_the_spec_says_so() -> None:
    money = [f"${i},{i:03}.5" for i in range(1, 60)] + ["$7.50"] * 20
    with pytest.raises(DataError, match="60 distinct values, most of them once, such as") as refused:
        _frame(money)
    assert "`task: regression`" in refused.value.advice
    assert "`task: multiclass`" in refused.value.advice
    assert len(_frame(money, task="multiclass").labels) == 60
    assert _frame(money, positive="$7.50").task == "binary"
    assert _frame([f"city {i // 2}" for i in range(60)]).task == "multiclass"

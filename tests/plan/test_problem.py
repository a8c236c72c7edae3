from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from spark_jobs.data.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.plan import Problem, frame
from spark_jobs.profile.batch import Depth, profile_column
from spark_jobs.spec import Spec


def _frame(cells: list[str | None], kind: str = "text", integral: bool = False, **asked: Any) -> Problem:
    spec = Spec.model_validate({"name": "t", "source": {"path": "t.csv"}, "target": "y"} | asked)
    target = profile_column("y", "string", pa.array(cells, pa.string()), Depth(levels=1000), None)
    return frame(spec, target, ColumnType("y", kind, "number", "", integral))  # type: ignore[arg-type]


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


def test_numbers_of_many_values_are_a_regression_and_few_whole_ones_classes() -> None:
    assert _frame([str(i / 7) for i in range(50)], "number").task == "regression"
    assert _frame([str(i % 3) for i in range(50)], "number", True).task == "multiclass"
    assert _frame([str(i % 3) for i in range(50)], "number", True, task="regression").task == "regression"


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
    ("cells", "said"), [([None, None], "no value in any row"), (["a", "a", None], "one value only, 'a'")]
)
def test_a_target_that_says_nothing_is_refused(cells: list[str | None], said: str) -> None:
    with pytest.raises(DataError, match=said):
        _frame(cells)


def test_text_is_no_number_to_regress_on() -> None:
    with pytest.raises(DataError, match="A regression needs a number"):
        _frame(["a", "b", "c"], task="regression")


def test_too_many_classes_are_refused() -> None:
    with pytest.raises(DataError, match="too many for classes"):
        _frame([f"label {i}" for i in range(1500)])

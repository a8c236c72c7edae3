from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.features import MISSING, CategoryInput, NumberInput
from spark_jobs.plan import LearningTask, Plan, make
from spark_jobs.profile.batch import ScanOptions, Target, profile_column
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Spec

RANDOM = np.random.default_rng(2)
ROWS = 2000
Y = RANDOM.normal(size=ROWS)
CLASSES = (Y > 0).astype(float)


def _plan(table: dict[str, Any], task: str = "regression", **asked: Any) -> Plan:
    spec = Spec.model_validate({"name": "t", "source": {"path": "t.csv"}, "target": "y"} | asked)
    labels = ("no", "yes") if task == "binary" else ()
    problem = LearningTask(task, "y", labels, "yes" if labels else None)  # type: ignore[arg-type]
    target = Target(CLASSES if labels else Y)
    arrays = {name: pa.array(values, from_pandas=True) for name, values in table.items()}
    profiles = {
        name: profile_column(name, str(values.type), values, ScanOptions(missing_level=MISSING), target)
        for name, values in arrays.items()
    }
    types = [_type(name, values) for name, values in arrays.items()]
    return make(spec, [*types, ColumnType("y", "number", "number", "")], problem, Profile(ROWS, profiles))


def _type(name: str, values: pa.Array) -> ColumnType:
    number = pa.types.is_floating(values.type)
    return ColumnType(name, "number" if number else "text", "number" if number else "category", "seen")


def _noise() -> np.ndarray:
    return RANDOM.normal(size=ROWS)


def _reason(plan: Plan, name: str) -> str:
    return next(column.reason for column in plan.columns if column.name == name)


def test_a_near_copy_of_the_target_is_left_out_with_the_evidence() -> None:
    plan = _plan({"copy": Y * 3 + 1e-4 * _noise(), "x": _noise()})
    assert [one.column for one in plan.inputs] == ["x"]
    assert "near-copy of the target: correlation 1.0000" in _reason(plan, "copy")


def test_a_near_copy_is_kept_where_the_spec_says_so() -> None:
    plan = _plan({"copy": Y * 3, "x": _noise()}, columns={"keep_leaks": True})
    assert [one.column for one in plan.inputs] == ["copy", "x"]


def test_a_category_that_tells_the_class_is_left_out() -> None:
    said = np.where(CLASSES == 1, "approved", "refused")
    plan = _plan({"said": said, "x": _noise()}, "binary")
    assert [one.column for one in plan.inputs] == ["x"]
    assert "its categories explain 100.00% of it" in _reason(plan, "said")


def test_what_never_changes_or_is_never_there_is_left_out() -> None:
    plan = _plan({"same": np.ones(ROWS), "gone": np.full(ROWS, np.nan), "x": _noise()})
    assert [one.column for one in plan.inputs] == ["x"]
    assert "only one value" in _reason(plan, "same")
    assert "no value" in _reason(plan, "gone")


def test_nothing_left_to_learn_from_is_refused() -> None:
    with pytest.raises(DataError, match="No column is left"):
        _plan({"same": np.ones(ROWS)})


@pytest.mark.parametrize(
    ("model", "levels", "expected"),
    [("linear", 20, "one_hot"), ("linear", 150, "target"), ("forest", 20, "label"), ("forest", 150, "target")],
)
def test_auto_encodes_by_the_algorithm_and_the_number_of_levels(model: str, levels: int, expected: str) -> None:
    plan = _plan({"c": [f"level {i % levels}" for i in range(ROWS)]}, model={"kind": model})
    (one,) = plan.inputs
    assert isinstance(one, CategoryInput)
    assert one.encode == expected


def test_the_spec_beats_auto_and_a_column_beats_both() -> None:
    columns = {"c": [f"{i % 5}" for i in range(ROWS)], "d": [f"{i % 7}" for i in range(ROWS)], "x": _noise()}
    per_column = {"d": {"categorical": "target"}, "x": {"numeric": "robust"}}
    plan = _plan(columns, features={"categorical": "label", "numeric": "min_max", "per_column": per_column})
    assert {one.column: getattr(one, "encode", one.scale) for one in plan.inputs} == {
        "c": "label",
        "d": "target",
        "x": "robust",
    }


def test_an_outlier_rule_that_would_flatten_a_column_is_skipped_and_said() -> None:
    mostly_zero = np.where(RANDOM.random(ROWS) < 0.9, 0.0, RANDOM.exponential(size=ROWS))
    plan = _plan({"rare": mostly_zero, "x": _noise()}, clean={"outliers": {"rule": "iqr"}})
    by_name = {one.column: one for one in plan.inputs if isinstance(one, NumberInput)}
    assert by_name["rare"].bounds is None
    assert by_name["x"].bounds is not None
    assert "iqr skipped" in _reason(plan, "rare")


def test_missing_values_are_filled_and_counted_in_the_reason() -> None:
    x = _noise()
    x[:100] = np.nan
    plan = _plan({"x": x})
    (one,) = plan.numbers
    assert one.fill == pytest.approx(np.nanmedian(x))
    assert "100 missing become" in _reason(plan, "x")


def test_the_split_is_told_with_the_share_of_its_test_rows() -> None:
    plan = _plan({"x": _noise()}, split={"test": 0.25, "seed": 7})
    split = next(one for one in plan.decisions if one.subject == "split")
    assert (split.choice, split.reason) == ("hash, about 25 % of the rows for testing", "seed 7")


def test_every_column_has_a_reason() -> None:
    plan = _plan({"x": _noise(), "c": ["a", "b"] * (ROWS // 2)}, columns={"ignore": ["c"]})
    roles = {column.name: column.role for column in plan.columns}
    assert roles == {"x": "feature", "c": "ignored", "y": "target"}
    assert all(column.reason for column in plan.columns if column.role != "target")

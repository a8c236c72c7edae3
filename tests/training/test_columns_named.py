"""The columns that a spec names, beside those that the source has."""

from __future__ import annotations

import pytest

from spark_jobs.errors import DataError
from spark_jobs.spec.models import Columns, Predictions, Source, Spec
from spark_jobs.training.columns import check_columns

NAMES, UNUSABLE = ("y", "x", "clock"), {"clock": "time(6)", "half": "halffloat"}


def _spec(**keys):
    return Spec(name="n", source=Source(path="x"), **{"target": "y", **keys})


@pytest.mark.parametrize("name", ["clock", "half"])
@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("target", lambda name: {"target": name}),
        ("weight", lambda name: {"weight": name}),
        ("columns.numeric", lambda name: {"columns": Columns(numeric=(name,))}),
        ("columns.categorical", lambda name: {"columns": Columns(categorical=(name,))}),
        ("columns.date", lambda name: {"columns": Columns(date=(name,))}),
        ("columns.order", lambda name: {"columns": Columns(order={name: ("a", "b")})}),
    ],
)
def test_a_column_of_a_type_that_no_step_can_use_is_refused_by_key_and_type(key, asked, name):
    with pytest.raises(DataError) as refused:
        check_columns(_spec(**asked(name)), NAMES, UNUSABLE)
    assert (
        refused.value.message == f"`{key}`: the column '{name}' is stored as {UNUSABLE[name]}, which no step can use."
    )
    assert refused.value.advice == "Name another column, or change its type in the data."


@pytest.mark.parametrize(
    ("check", "key"),
    [
        ({"rule": "not_null", "column": "floor aria"}, "checks[1].column"),
        ({"rule": "compare", "column": "floor area", "is": "<", "other": "floor aria"}, "checks[1].other"),
        ({"rule": "unique", "columns": ["floor area", "floor aria"]}, "checks[1].columns[1]"),
    ],
)
def test_a_column_of_a_check_that_the_source_lacks_is_refused_with_the_nearest(check, key):
    checks = ({"rule": "row_count", "min": 1}, check)
    with pytest.raises(DataError) as refused:
        check_columns(_spec(checks=checks), ("y", "floor area", "floors"))
    assert refused.value.message == f"`{key}`: the source has no column 'floor aria'."
    assert refused.value.advice == "Did you mean 'floor area'?"
    check_columns(_spec(checks=checks), ("y", "floor area", "floor aria"))


def test_what_can_be_read_as_text_is_kept_and_what_cannot_be_read_is_refused():
    listed = {"columns": Columns(ignore=("clock",), text=("clock",)), "key": ("clock",)}
    check_columns(_spec(**listed, predictions=Predictions(keep=("clock",))), NAMES, UNUSABLE)
    with pytest.raises(DataError) as refused:
        check_columns(_spec(predictions=Predictions(keep=("x", "half"))), NAMES, UNUSABLE)
    assert (
        refused.value.message == "`predictions.keep`: the column 'half' is stored as halffloat, which cannot be read."
    )
    check_columns(_spec(columns=Columns(ignore=("half",))), NAMES, UNUSABLE)

"""Where the split leaves no rows on one side, the refusal says why."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from spark_jobs.errors import DataError
from spark_jobs.spec import parse
from spark_jobs.training.parts import check_parts
from spark_jobs.training.split import SplitRule

COUNTS = {"read": 9, "no_target": 2, "duplicates": 1, "malformed": 1}
SCHEMA = "day timestamp, city string, part string"
ONE_DAY = [("2024-01-02", "Rome", "Train")] * 5
TWO_DAYS = [("2024-01-01", "Bari", None), ("2024-01-02", "Rome", "x")] * 2 + [("2024-01-02", "Rome", "x")]


@pytest.fixture(scope="module")
def left(session):
    """What is left of a source: the rows, split so that `tested` of five test, and the labels of those that train."""

    def made(rows, tested, labels=(), **split):
        rule = SplitRule(parse({"source": "x.csv", "target": "y", "split": split}), {})
        stored = session.createDataFrame(rows, SCHEMA.replace("timestamp", "string"))
        counts = COUNTS | {"trained": len(rows) - tested, "tested": tested}
        return SimpleNamespace(rows=stored, rule=rule, counts=counts, problem=SimpleNamespace(labels=labels))

    return made


@pytest.mark.parametrize(
    ("rows", "tested", "split", "cause", "advice"),
    [
        (ONE_DAY, 0, {"kind": "time", "column": "day"}, "'day' is 2024-01-02 in all rows", "more distinct times"),
        (TWO_DAYS, 0, {"kind": "time", "column": "day"}, "runs from 2024-01-01 to 2024-01-02", "more distinct times"),
        (
            [(None, "a", "b")],
            0,
            {"kind": "time", "column": "day"},
            "every row has a null in 'day'",
            "`split.column`",
        ),
        (
            ONE_DAY,
            5,
            {"kind": "group", "column": "city"},
            "all are in one group of 'city': 'Rome' (5)",
            "never divided",
        ),
        (TWO_DAYS, 0, {"kind": "group", "column": "city"}, "has 2 groups: 'Rome' (3), 'Bari' (2)", "never divided"),
        (
            TWO_DAYS,
            0,
            {"kind": "column", "column": "part"},
            "'test' or 'true' or '1' in 'part', which holds 'x' (3), n",
            "",
        ),
        (ONE_DAY, 0, {"kind": "column", "column": "part", "test_value": "Hold"}, "has 'hold' in 'part'", "test_value"),
        (ONE_DAY, 0, {}, "the split by hash tests with about 20% of them", "Use more rows"),
        (ONE_DAY, 0, {"kind": "random", "test": 0.1}, "the split by chance tests with about 10% of them", "split.seed"),
    ],
)
def test_an_empty_part_is_refused_with_its_cause(left, rows, tested, split, cause, advice):
    with pytest.raises(DataError, match=r"^There are no ") as refused:
        check_parts(left(rows, tested, **split))
    assert ("no training rows" if tested else "no test rows") in refused.value.message[:30]
    assert "9 rows were read (2 no target, 1 duplicates, 1 malformed," in refused.value.message
    assert cause in refused.value.message
    assert advice in refused.value.advice


def test_rows_whose_target_cannot_be_read_are_the_cause_themselves(left):
    with pytest.raises(DataError, match=r"no training rows: .*no row has a readable target"):
        check_parts(left([], 0))


def test_one_label_in_training_is_refused_with_the_cause(left):
    with pytest.raises(DataError, match=r"have the label 'no', .* 3 to train on, 2 to test with.*'Rome' [(]3[)]"):
        check_parts(left(TWO_DAYS, 2, ("no",), kind="group", column="city"))


@pytest.mark.parametrize("labels", [(), ("no", "yes")])
def test_rows_on_both_sides_are_enough(left, labels):
    check_parts(left(ONE_DAY, 1, labels))

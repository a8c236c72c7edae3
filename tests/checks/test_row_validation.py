"""Rows checked by checks: each rule against what plain Python says of the same rows."""

from __future__ import annotations

import datetime as dt
import json
import random
import re

import pytest
from pyspark.sql import functions as F

from spark_jobs.checks import parse_checks
from spark_jobs.checks.report import check_report, refuse
from spark_jobs.checks.row_validation import CheckedRows
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.unseen import count_unseen
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.spec.checks import Changes

AMOUNT, LEVEL, DAY, MOMENT, OTHER, CODE = "a.mo`unt", "le vel", 'd"ay', "mo'ment", "😀", "co;de"
TYPES = (
    ColumnType(AMOUNT, "number", "number", ""),
    ColumnType(LEVEL, "text", "category", ""),
    ColumnType(DAY, "date", "date", ""),
    ColumnType(MOMENT, "timestamp", "timestamp", ""),
    ColumnType(OTHER, "number", "number", "", integral=True),
    ColumnType(CODE, "number", "number", "", integral=True),
)
NAMES = [kind.name for kind in TYPES]
ROWS = 1_000


def made(chance: random.Random) -> list[tuple[str | None, ...]]:
    """Rows of text with gaps, doubled values and some cells that do not read as their column's type."""

    def row() -> tuple[str | None, ...]:
        day = dt.date(2020, 1, 1) + dt.timedelta(days=chance.randrange(700))
        cells = [
            chance.choice([f"{chance.uniform(-10, 110):.2f}", "abc", "1e3"] + [f"{chance.uniform(0, 100):.1f}"] * 7),
            chance.choice(["red", "green", "it's", 'bl"ue', "x" * 200]),
            day.isoformat(),
            f"{day.isoformat()}T{chance.randrange(24):02}:30:00",
            str(chance.randrange(120)),
            f"{chance.randrange(3_000):05}",
        ]
        return tuple(None if chance.random() < 0.06 else cell for cell in cells)

    return [row() for _ in range(ROWS)]


@pytest.fixture(scope="module")
def rows():
    return made(random.Random(5))


@pytest.fixture(scope="module")
def frame(session, rows):
    return session.createDataFrame(rows, ", ".join(f"`{name.replace('`', '``')}` string" for name in NAMES))


def checked_rows(frame, *checks, training_domain=None, **changes) -> CheckedRows:
    rules = parse_checks(checks)
    return CheckedRows(frame, TYPES, "UTC", rules, Changes(**changes), training_domain or TrainingDomain())


def counted(checked):
    return checked.metrics.counted(checked.rows, checked.checked())


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def place(name):
    return NAMES.index(name)


def of_number(name, met):
    return lambda row: (value := number(row[place(name)])) is None or met(value)


def of_text(name, met):
    return lambda row: row[place(name)] is None or met(row[place(name)])


def compared(row):
    left, right = number(row[place(AMOUNT)]), number(row[place(OTHER)])
    return left is None or right is None or left <= right


CASES = [
    ({"rule": "between", "column": AMOUNT, "min": 0, "max": 99.5}, of_number(AMOUNT, lambda v: 0 <= v <= 99.5)),
    ({"rule": "between", "column": OTHER, "max": 100}, of_number(OTHER, lambda v: v <= 100)),
    ({"rule": "between", "column": DAY, "min": "2020-02-01"}, of_text(DAY, lambda v: v >= "2020-02-01")),
    (
        {"rule": "between", "column": MOMENT, "min": "2020-02-01T12:00", "max": "2021-06-01T01:00:00+01:00"},
        of_text(MOMENT, lambda v: "2020-02-01T12:00:00" <= v <= "2021-06-01T00:00:00"),
    ),
    ({"rule": "in", "column": LEVEL, "values": ["red", "it's"]}, of_text(LEVEL, lambda v: v in ("red", "it's"))),
    ({"rule": "in", "column": OTHER, "values": [1, 2.0, "3", 4]}, of_number(OTHER, lambda v: v in (1, 2, 3, 4))),
    ({"rule": "not_null", "column": LEVEL}, lambda row: row[place(LEVEL)] is not None),
    ({"rule": "not_null", "column": AMOUNT}, lambda row: number(row[place(AMOUNT)]) is not None),
    ({"rule": "matches", "column": LEVEL, "pattern": "[a-z]+"}, of_text(LEVEL, lambda v: re.fullmatch("[a-z]+", v))),
    ({"rule": "matches", "column": CODE, "pattern": "00[0-9]*"}, of_text(CODE, lambda v: v.startswith("00"))),
    ({"rule": "compare", "column": AMOUNT, "is": "<=", "other": OTHER}, compared),
]


def test_a_row_is_refused_where_it_breaks_a_rule_and_only_there(frame, rows):
    checked = checked_rows(frame, *(check for check, _ in CASES))
    broken = [(json.dumps(row), [check["column"] for check, met in CASES if not met(row)]) for row in rows]
    assert all(0 < sum(not met(row) for row in rows) < ROWS for _, met in CASES)
    refused = [
        (json.dumps([json.loads(row["_raw"])[name] for name in NAMES]), list(row["_reasons"]))
        for row in checked.refused.collect()
    ]
    expected = sorted(row for row in broken if row[1])
    assert [raw for raw, _ in sorted(refused)] == [raw for raw, _ in expected]
    for (_, reasons), (_, columns) in zip(sorted(refused), expected, strict=True):
        assert len(reasons) == len(columns)
        assert all(reason.startswith(column) for reason, column in zip(reasons, columns, strict=True))
    assert checked.good.count() == ROWS - len(expected)


BIG = 2**53
NUMBERS_BEYOND = [str(BIG + n) for n in range(4)] + ["5", None]


@pytest.mark.parametrize("stored", ["string", "bigint", "decimal(38,10)", "decimal(20,0)"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("check", "kept"),
    [
        ({"rule": "in", "values": [BIG + 1, f"{BIG + 2}.0", 5.5, 10**40, "5e0"]}, [BIG + 1, BIG + 2, 5]),
        ({"rule": "between", "min": BIG + 1, "max": BIG + 2}, [BIG + 1, BIG + 2]),
    ],
)
def test_whole_numbers_beyond_a_double_are_told_apart(session, stored, known, check, kept):
    rows = session.createDataFrame([(text,) for text in NUMBERS_BEYOND], "n string")
    kinds = (ColumnType("n", "number", "number", "", integral=True),) if known else ()
    if stored == "string" and not known:
        return  # nothing says that this is a number
    cast, rules = rows.select(F.col("n").cast(stored)), parse_checks([check | {"column": "n"}])
    checked = CheckedRows(cast, kinds, "UTC", rules, Changes(), TrainingDomain())
    found = [row["n"] for row in checked.good.collect()]
    assert sorted(map(int, filter(None, found))) == sorted(kept)
    assert None in found


@pytest.mark.parametrize("severity", ["warn", "fail"])
def test_a_check_of_another_severity_refuses_no_row_and_is_counted(frame, rows, severity):
    check, met = CASES[0]
    checked = checked_rows(frame, {**check, "severity": severity})
    counts = counted(checked)
    assert checked.refused is None
    assert counts["check", 0] == sum(not met(row) for row in rows)
    found = check_report(checked.checks, counts)
    if severity == "warn":
        refuse(found, "x", "cast")
    else:
        with pytest.raises(DataError, match=rf"x is refused.*{counts['check', 0]} rows fail"):
            refuse(found, "x", "cast")


def test_a_row_has_all_its_reasons(frame, rows):
    checked = checked_rows(frame, *[check for check, _ in CASES])
    expected = sorted(n for row in rows if (n := sum(not met(row) for _, met in CASES)))
    assert sorted(len(row["_reasons"]) for row in checked.refused.collect()) == expected


def test_of_rows_with_the_same_values_the_first_by_content_stays(frame, rows):
    checked = checked_rows(frame, {"rule": "unique", "columns": [LEVEL, OTHER]})
    keys = [(row[place(LEVEL)], row[place(OTHER)]) for row in rows]
    whole = [key for key in keys if None not in key]
    refused = checked.refused.collect()
    assert len(refused) == len(whole) - len(set(whole))
    assert checked.good.count() == ROWS - len(refused)
    again = checked_rows(frame.orderBy(F.rand(1)), {"rule": "unique", "columns": [LEVEL, OTHER]}).refused.collect()
    assert sorted(row["_raw"] for row in refused) == sorted(row["_raw"] for row in again)


def test_a_cell_of_another_type_is_a_reason_where_that_is_asked(frame, rows):
    checked = checked_rows(frame, type="quarantine")
    refused = checked.refused.collect()
    assert len(refused) == sum(row[place(AMOUNT)] == "abc" for row in rows)
    assert {tuple(row["_reasons"]) for row in refused} == {(f"{AMOUNT} is 'abc', which is not read as numbers",)}
    assert counted(checked_rows(frame))["lost", AMOUNT] == len(refused)


def test_levels_and_numbers_that_training_did_not_know_are_counted(frame, rows):
    training_domain = TrainingDomain({LEVEL: frozenset({"red", "green"})}, {AMOUNT: (10.0, 90.0)})
    checked = checked_rows(frame, training_domain=training_domain)
    found = check_report((), counted(checked))
    assert found.unseen == {LEVEL: sum(row[place(LEVEL)] not in (None, "red", "green") for row in rows)}
    values = [number(row[place(AMOUNT)]) for row in rows]
    assert found.outside == {AMOUNT: sum(v is not None and not 10 <= v <= 90 for v in values)}


def test_what_is_counted_while_rows_pass_is_what_a_pass_counts(frame):
    checked = checked_rows(
        frame, *[check for check, _ in CASES], training_domain=TrainingDomain({LEVEL: frozenset({"red"})}, {})
    )
    checked.good.write.format("noop").mode("overwrite").save()
    observed = checked.metrics.observed(checked.checked)
    assert observed == counted(checked)
    assert observed["unseen", LEVEL] > 0


@pytest.mark.parametrize(
    ("check", "cause", "advice"),
    [
        ({"rule": "not_null", "column": "levle"}, "'levle'", "Did you mean 'le vel'?"),
        ({"rule": "between", "column": AMOUNT, "min": "2020-01-01"}, "is read as numbers", "Write numbers."),
        ({"rule": "between", "column": DAY, "min": 5}, "is read as dates", "Write days"),
        ({"rule": "between", "column": LEVEL, "min": 5}, "is read as text", "Use `rule: in`"),
        ({"rule": "in", "column": OTHER, "values": ["x"]}, "is read as numbers", "List numbers"),
        ({"rule": "compare", "column": AMOUNT, "is": "<", "other": LEVEL}, "read as numbers, with", "Compare columns"),
        ({"rule": "fresh", "column": LEVEL, "max_hours": 5}, "is read as text", "Name a column of dates"),
    ],
)
def test_a_rule_that_does_not_fit_its_column_is_refused_with_the_cause(frame, check, cause, advice):
    with pytest.raises(DataError) as refused:
        counted(checked_rows(frame, check))
    assert cause in refused.value.message
    assert refused.value.advice.startswith(advice)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"rule": "row_count", "min": ROWS + 1}, "rows at least 1001: the batch has 1,000 rows"),
        ({"rule": "row_count", "min": 1, "max": ROWS}, None),
        ({"rule": "null_rate", "column": LEVEL, "max": 0.01}, "le vel null in at most 1 %: "),
        ({"rule": "null_rate", "column": LEVEL, "max": 0.2}, None),
        (
            {"rule": "fresh", "column": DAY, "max_hours": 24},
            'newest d"ay at most 24 hours old: the newest value is 2021-',
        ),
        ({"rule": "fresh", "column": MOMENT, "max_hours": 1e6}, None),
    ],
)
def test_a_batch_as_a_whole_meets_a_rule_or_is_refused(frame, check, said):
    checked = checked_rows(frame, check)
    found = check_report(checked.checks, counted(checked))
    if said is None:
        refuse(found, "x", "cast")
        assert not found.failures
    else:
        with pytest.raises(DataError) as refused:
            refuse(found, "x", "cast")
        assert said in refused.value.message


@pytest.mark.parametrize(("day", "moment", "met"), [
    ([30, -9_000_000], [30, -9_000_000], True), ([100, -9_000_000], [100, -9_000_000], False),
    ([-24], [-1], True), ([-72], [-30], False),
])  # fmt: skip
def test_a_time_of_the_distant_future_makes_no_batch_fresh(frame, day, moment, met):
    now, hours_ago = dt.datetime.now(dt.UTC).replace(tzinfo=None), {DAY: day, MOMENT: moment}
    place = (F.monotonically_increasing_id() + 1).cast("int")
    dated = frame.limit(len(day)).coalesce(1)
    for name, ages in hours_ago.items():
        times = [(now - dt.timedelta(hours=hours)).isoformat()[: 10 if name == DAY else 19] for hours in ages]
        dated = dated.withColumn(name, F.element_at(F.array(*map(F.lit, times)), place))
    checked = checked_rows(dated, *({"rule": "fresh", "column": name, "max_hours": 60} for name in hours_ago))
    failures = check_report(checked.checks, counted(checked)).failures
    assert len(failures) == (0 if met else 2), failures


def test_thousands_of_levels_are_looked_up_whatever_they_are_made_of(session):
    levels = sorted({f'l\u00e9vel {number} {chr(0x1F600 + number % 80)} "\\,[]{number * 7}' for number in range(3_000)})
    texts = [
        *levels[::2],
        *(f" {level} " for level in levels[:40]),
        *(f"{level}s" for level in levels[:40]),
        "",
        "null",
    ]
    rows = session.createDataFrame([(text,) for text in [*texts, None]], "t string").repartition(3)
    assert count_unseen(TrainingDomain({"t": frozenset(levels)}), rows) == {("unseen", "t"): 42}


def test_counts_of_no_rows_are_zeros(session):
    training_domain = TrainingDomain({"t": frozenset({"a"})}, {"n": (0.0, 1.0)})
    none = session.createDataFrame([], "t string, n bigint")
    assert count_unseen(training_domain, none) == {("unseen", "t"): 0, ("outside", "n"): 0}


def test_a_pattern_that_would_take_a_backtracking_engine_for_ever_takes_no_time(session):
    text = session.createDataFrame([("a" * 5_000 + "!",)], "t string")
    kinds = (ColumnType("t", "text", "text", ""),)
    rules = parse_checks([{"rule": "matches", "column": "t", "pattern": "(a|aa)+"}])
    checked = CheckedRows(text, kinds, "UTC", rules, Changes(), TrainingDomain())
    assert checked.refused.count() == 1

"""Mistakes in checks, each with its place, what was expected, and what came."""

from __future__ import annotations

import pytest

from spark_jobs.checks import parse_checks
from spark_jobs.errors import SpecError
from spark_jobs.spec import parse
from spark_jobs.spec_validation import option_mistakes

A = {"column": "a"}


@pytest.mark.parametrize(
    ("check", "message", "advice"),
    [
        ({"rule": "betwen", **A}, "`checks[0].rule` must be one of between, ", "Did you mean 'between'?"),
        (A, "`checks[0].rule` is missing.", "It must be one of between, "),
        (5, "`checks[0]` must be a mapping with a `rule`. Got 5 instead.", ""),
        (
            {"rule": "not_null", **A, "sevrity": "warn"},
            "`checks[0].sevrity` is not a known key",
            "Did you mean 'severity'?",
        ),
        ({"rule": "not_null"}, "`checks[0].column` is missing.", ""),
        ({"rule": "between", **A}, "`checks[0]` has `rule: between` but neither `min` nor `max`.", ""),
        ({"rule": "between", **A, "min": 5, "max": 1}, "`checks[0].max` is 1, less than `min` (5).", ""),
        (
            {"rule": "between", **A, "min": "2020-02-01", "max": "2020-01-31T05:00"},
            "`checks[0].max` is 2020-01-31T05",
            "",
        ),
        ({"rule": "between", **A, "min": 1, "max": "2020-01-01"}, "`checks[0].max` has another type than", ""),
        ({"rule": "between", **A, "max": "soon"}, "`checks[0].max` must be a number or an ISO 8601 date or time", ""),
        ({"rule": "between", **A, "max": True}, "`checks[0].max` must be a number or text. Got true", ""),
        (
            {"rule": "matches", **A, "pattern": "(?=x)y"},
            "`checks[0].pattern` is not a valid RE2 regular expression.",
            "RE2 reports",
        ),
        (
            {"rule": "matches", **A, "pattern": r"(a)\1"},
            "`checks[0].pattern` is not a valid RE2 regular expression.",
            "RE2 reports",
        ),
        ({"rule": "in", **A, "values": []}, "`checks[0].values` must list at least one value.", ""),
        ({"rule": "unique", "columns": ["a", "a"]}, "`checks[0].columns[1]` lists the column 'a' twice.", ""),
        (
            {"rule": "compare", **A, "is": "<", "other": "a"},
            "`checks[0].other` names 'a', the same column as `column`.",
            "",
        ),
        ({"rule": "compare", **A, "is": "=<", "other": "b"}, "`checks[0].is` must be one of <, <=, ", ""),
        ({"rule": "row_count", "min": 3, "max": 2}, "`checks[0].max` is 2, less than `min` (3).", ""),
        (
            {"rule": "row_count", "min": 1, "severity": "quarantine"},
            "`checks[0].severity` must be one of warn, fail.",
            "",
        ),
        ({"rule": "not_null", "column": "_Source"}, "`checks[0].column` names '_Source', a reserved output column", ""),
        (
            {"rule": "unique", "columns": ["a", "_Source"]},
            "`checks[0].columns[1]` names '_Source', a reserved output column",
            "",
        ),
    ],
)
def test_a_mistake_in_a_check_is_told_with_its_place_and_what_was_expected(check, message, advice):
    with pytest.raises(SpecError) as refused:
        parse({"source": "a.csv", "target": "y", "checks": [check]}, more_rules=option_mistakes)
    assert refused.value.message.startswith(message)
    assert refused.value.advice.startswith(advice)


def test_each_mistake_of_several_checks_has_its_own_place():
    checks = [{"rule": "between", **A, "mn": 1}, {"rule": "in", **A, "values": []}, {"rule": "not_null", **A}]
    with pytest.raises(SpecError) as refused:
        parse({"source": "a.csv", "target": "y", "checks": checks}, more_rules=option_mistakes)
    lines = refused.value.message.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["`checks[0].mn`", "`checks[1].values`"]


def test_a_check_that_is_there_twice_is_a_mistake():
    check = {"rule": "not_null", **A}
    with pytest.raises(SpecError, match="repeats an earlier check"):
        parse_checks([check, dict(check)])


def test_values_and_bounds_keep_what_they_were_written_as():
    checks = [
        {"rule": "in", **A, "values": [1, 2.5, True, "x"]},
        {"rule": "between", **A, "min": 1, "max": 2.5},
        {"rule": "between", "column": "b", "min": "2020-01-01"},
    ]
    listed, numbers, days = parse_checks(checks)
    assert listed.values == ("1", "2.5", "true", "x")
    assert (numbers.min, numbers.max, days.min, days.max) == (1.0, 2.5, "2020-01-01", None)

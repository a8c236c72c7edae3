"""How numbers are taken that people wrote, from profiles of columns written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from spark_jobs.errors import DataError
from spark_jobs.spec.models import Columns, Source
from tests.profile.test_detect import found

BLANK = "\u202f"


def written(values: list[str], **options: Any) -> tuple[str, str, str, str, bool]:
    kind = found("x", values * 9, source=Source(path="x.csv", options=options))
    return kind.cells, kind.decimal, kind.thousands, kind.affix, kind.signs


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["590.24", "2,097.34", "1,002,419.27"], (".", ",", "", False)),
        (["950", "46.8", "1,336.5"], (".", ",", "", False)),
        (["950", "46.8", "1,336"], (".", ",", "", False)),
        (["950", "1,234,567"], (".", ",", "", False)),
        (["52,4", "7", "0,25"], (",", "", "", False)),
        (["0,950", "1,234"], (",", "", "", False)),
        (["1.557,39", "12,5", "1.234"], (",", ".", "", False)),
        (["1.234.567", "12", "1.234"], (",", ".", "", False)),
        ([f"2{BLANK}097", "590", f"12{BLANK}641"], (".", " ", "", False)),
        ([f"2{BLANK}097,5", "590", "12 641"], (",", " ", "", False)),
        (["1'234.50", "12", "9'999"], (".", "'", "", False)),
        (["$9.99", "$1,468.29", "-$5"], (".", ",", "$", False)),
        (["$85,000", "$950"], (".", ",", "$", False)),
        (["9.99", "$12", "($3.00)"], (".", "", "$", True)),
        (["€ 12", "1.557,39 €", "€ 7,5"], (",", ".", "€", False)),
        (["50.3%", "8 %"], (".", "", "%", False)),
        (["(23.44)", "45.80", "-1"], (".", "", "", True)),
        (["2.22", "\u22121.73", "\u22126.5e-05"], (".", "", "", True)),
        (["5.00-", "7"], (".", "", "", True)),
        (["87.1 kg", "67 kg"], (".", "", "kg", False)),
        (["USD 1,250.5", "USD 3"], (".", ",", "USD", False)),
    ],
)
def test_numbers_are_read_as_they_are_written_where_all_cells_agree(values, expected):
    assert written(values) == ("number", *expected)


@pytest.mark.parametrize(
    "values",
    [
        ["5 kg", "3 lb"],
        ["$5", "€5", "£7"],
        ["12%", "0.12"],
        ["123 456 789", "020 794 600"],
        ["12A", "14B", "7C"],
        ["1.2.3", "10.0.0.1"],
        ["94103-1234", "60601"],
        ["$1.2M", "$300k"],
        ["07:01", "12:30"],
        ["5 January", "6 January 2023"],
    ],
)
def test_what_only_looks_like_numbers_is_none(values):
    assert written(values)[0] != "number"


def test_a_comma_that_may_be_two_things_is_said_and_nothing_is_lost():
    kind = found("x", ["15,633", "2,015", "950"] * 9)
    assert (kind.cells, kind.kind) == ("text", "text")
    assert "`15,633` may be 15633 or 15.633" in kind.reason
    assert "source.options.thousands" in kind.reason
    mostly_plain = found("x", [str(number) for number in range(500, 900)] + ["1,234"] * 3)
    assert "`1,234` may be 1234 or 1.234" in mostly_plain.reason
    assert written(["15,633", "950"], thousands=",") == ("number", ".", ",", "", False)
    assert written(["15,633", "950"], decimal=",") == ("number", ",", "", "", False)
    assert written(["15,633", "950"], decimal=".") == ("number", ".", ",", "", False)
    with pytest.raises(DataError, match="`15,633` may be"):
        found("x", ["15,633", "2,015"] * 9, columns=Columns(numeric=("x",)))


def test_spellings_that_disagree_are_shown_and_no_large_value_is_dropped():
    kind = found("x", ["1.5", "2,5", "1,234.5", "1.234,5"] * 9)
    assert kind.cells == "text"
    assert "several ways" in kind.reason
    typos = found("x", [f"{number}.5" for number in range(300)] + ["2,5"] * 3)
    assert (typos.cells, typos.decimal) == ("number", ".")
    assert "3 of 303 cells do not parse as numbers and become null, such as `2,5` (3)" in typos.reason


def test_a_mark_that_spoils_a_column_of_numbers_is_named():
    kind = found("x", [f"{number}.5" for number in range(270)] + ["-"] * 30)
    assert kind.cells == "text"
    assert "only 270 of them are numbers, the others such as `-` (30); if it stands for null, add it" in kind.reason
    assert "source.null_values" in kind.reason
    few = found("x", [f"{number}.5" for number in range(292)] + ["<0.5"] * 8)
    assert "8 of 300 cells do not parse as numbers and become null, such as `<0.5` (8)" in few.reason


def test_whole_money_is_no_identifier():
    kind = found("order id", [f"${number},000" for number in range(1, 400)])
    assert (kind.kind, kind.integral) == ("number", False)
    assert "written with `,` between thousands and `$`" in kind.reason

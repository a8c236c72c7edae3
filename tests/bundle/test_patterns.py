"""The grammar of numbers and dates, by Python's own `re`."""

from __future__ import annotations

import re

import pytest

from spark_jobs.bundle.patterns import BLANKS, ISO_TIMESTAMP, number_regex, pattern, plain_regex, strict
from spark_jobs.errors import SpecError


@pytest.mark.parametrize("text", ["1", "-1.5", "+.5", "5.", "1e3", "1E-3", "007"])
def test_decimal_numbers_are_numbers(text):
    assert re.search(number_regex(), text)


LENIENT = ["", ".", "1.2.3", "1..", "1,5", "1_000", "0x1p3", "1D", "NaN", "Infinity", "12f", "\u0661", "1e", "--1"]


@pytest.mark.parametrize("text", LENIENT)
def test_what_lenient_parsers_take_is_no_number(text):
    assert not re.search(number_regex(), text)


def test_the_decimal_sign_can_be_a_comma():
    assert re.search(number_regex(","), "1,5")
    assert not re.search(number_regex(","), "1.5")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("dd.MM.yyyy", "31.12.1999"),
        ("dd.MM.yyyy", "1.1.2001"),
        ("MM/dd/yyyy hh:mm:ss a", "02/08/2015 11:43:40 PM"),
        ("dd-MMM-yy", "05-sep-19"),
        ("yyyy'T'MM'x'dd", "2020T01x02"),
        (ISO_TIMESTAMP, "2020-01-01T10:20:30.123Z"),
        (ISO_TIMESTAMP, "2020-01-01 10:20+01:00"),
    ],
)
def test_a_pattern_fits_what_is_written_in_it(text, cell):
    assert re.search(pattern(text).regex(names=True), cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("dd.MM.yyyy", "31.13.1999"),
        ("dd.MM.yyyy", "31x12x1999"),
        ("MM/dd/yyyy hh:mm:ss a", "02/08/2015 13:43:40 PM"),
        (ISO_TIMESTAMP, "2020-01-01"),
        ("yyyy-MM-dd", "0000-01-01"),
    ],
)
def test_a_pattern_fits_nothing_else(text, cell):
    assert not re.search(pattern(text).regex(names=True), cell)


@pytest.mark.parametrize("text", ["MM/yyyy", "dd.MM.yyyy QQ", "dd MM yyyy dd", "yyyy-MM-dd'; --\n"])
def test_a_pattern_that_says_no_full_date_is_refused(text):
    with pytest.raises(SpecError):
        pattern(text)


def test_java_is_told_that_a_line_end_is_no_end():
    assert strict(number_regex()).endswith(r"\z")
    assert not re.fullmatch(number_regex(), "1\n")


@pytest.mark.parametrize("text", ["1" * 301, "1" * 301 + ".5", "-" + "9" * 400])
def test_a_number_of_more_than_300_digits_is_not_of_the_usual_ones(text):
    assert not re.fullmatch(plain_regex(), text)
    assert re.fullmatch(number_regex(), text)


@pytest.mark.parametrize("text", ["1" * 300, "1" * 300 + ".5", "1.", ".5", "0." + "0" * 400 + "1"])
def test_the_usual_numbers_are_read_at_once(text):
    assert re.fullmatch(plain_regex(), text)


def test_all_that_python_calls_a_blank_is_trimmed_and_no_sign_that_can_be_seen():
    assert {chr(code) for code in range(0x110000) if chr(code).isspace()} <= set(BLANKS)
    assert not [sign for sign in BLANKS if sign.isprintable() and sign != " "]

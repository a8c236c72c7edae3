"""What is written into a page, and how numbers read there."""

from __future__ import annotations

import math

import pytest

from spark_jobs.report.html import Html, folded, html, joined, long_table, tag
from spark_jobs.report.numerals import number, plural, share, shortened


def test_what_is_not_html_is_escaped_also_in_attributes():
    made = tag("td", "<script>alert('x')</script>", title='"><img src=x>', class_="n", data_kind=3)
    assert made == (
        '<td title="&quot;&gt;&lt;img src=x&gt;" class="n" data-kind="3">'
        "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;</td>"
    )


def test_what_is_html_stays_as_it_is():
    assert joined([tag("b", "a&b"), " < "]) == "<b>a&amp;b</b> &lt; "
    assert isinstance(html(Html("<i>")), Html)


def test_an_attribute_may_be_called_name():
    assert tag("meta", name="viewport", content="x") == '<meta name="viewport" content="x">'


def test_a_long_table_shows_its_first_rows_and_folds_the_rest():
    made = long_table(("a",), [(i,) for i in range(1200)], first=40, noun="columns")
    shown, rest = made.split("<details>")
    assert shown.count("<td>") == 40
    assert rest.count("<td>") == 1160
    assert "<summary>1,160 more columns</summary>" in rest
    assert "<details>" not in long_table(("a",), [(i,) for i in range(40)], first=40)
    assert folded("x & y") == "<details><summary>x &amp; y</summary></details>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (12.0, "12"),
        (0.123456, "0.1235"),
        (43.2109, "43.21"),
        (65432.1, "65,432"),
        (1.5e-9, "1.5e-09"),
        (-0.25, "-0.25"),
        (1e300, "1e+300"),
        (math.inf, "∞"),
        (None, "\u2013"),
        (math.nan, "\u2013"),
    ],
)
def test_a_number_reads_as_people_write_it(value, text):
    assert number(value) == text


def test_shares_do_not_hide_what_is_rare():
    assert [share(*pair) for pair in ((1, 4), (0, 9), (1, 100_000), (99_999, 100_000), (1, 20), (0, 0))] == [
        "25 %",
        "0 %",
        "< 0.1 %",
        "> 99.9 %",
        "5.0 %",
        "\u2013",
    ]


def test_long_names_lose_their_middle_and_blank_ones_are_shown():
    assert shortened("a_very_long_column_name", 11) == "a_ver…_name"
    assert len(shortened("x" * 10_000)) == 32
    assert shortened("two\nlines") == "two lines"
    assert shortened("  ") == "'  '"
    assert shortened("\x1b[31mred") == "·[31mred"
    assert plural(1, "row") == "1 row"
    assert plural(2000, "row") == "2,000 rows"

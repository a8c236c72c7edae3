"""HTML elements escape their content, and pages keep only sections with content."""

from __future__ import annotations

from spark_jobs.report.html import Html, fold, html, join, long_table, name_tag, page, tag


def test_what_is_not_html_is_escaped_also_in_attributes():
    made = tag("td", "<script>alert('x')</script>", title='"><img src=x>', class_="n", data_kind=3)
    assert made == (
        '<td title="&quot;&gt;&lt;img src=x&gt;" class="n" data-kind="3">'
        "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;</td>"
    )


def test_what_is_html_stays_as_it_is():
    assert join([tag("b", "a&b"), " < "]) == "<b>a&amp;b</b> &lt; "
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
    assert fold("x & y") == "<details><summary>x &amp; y</summary></details>"


def test_a_long_name_is_shortened_and_its_title_holds_all_of_it():
    assert name_tag("short") == '<span class="name">short</span>'
    assert f'title="{"n" * 400}"' in name_tag("n" * 400)
    assert name_tag("n" * 400).count("n" * 41) == 9  # all of them in the title


def test_a_section_without_content_is_neither_on_the_page_nor_in_the_menu():
    text = page("t", "", {"a": ("Full", Html("<p>x</p>")), "b": ("Empty", Html("")), "c": ("Also", Html("y"))})
    assert 'href="#a"' in text
    assert 'href="#c"' in text
    assert "Empty" not in text
    assert "<nav>" not in page("t", "", {"a": ("Only", Html("x"))})

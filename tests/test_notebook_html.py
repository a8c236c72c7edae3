"""What a notebook shows of objects: small tables, nothing in them that a browser takes for its own."""

from __future__ import annotations

import spark_jobs
from spark_jobs.notebook_html import notebook_table


def test_every_cell_and_title_is_escaped():
    shown = notebook_table("<b>", ("<i>",), [("<script>", "a & b", '"')])
    assert shown == (
        "<table><caption>&lt;b&gt;</caption><tr><th>&lt;i&gt;</th></tr>"
        "<tr><td>&lt;script&gt;</td><td>a &amp; b</td><td>&quot;</td></tr></table>"
    )


def test_numbers_are_readable_long_texts_are_cut_and_rows_are_counted():
    shown = notebook_table("t", (), [(1234567, 0.123456789, None, True, "x" * 400), *[("row",)] * 250])
    assert "<td>1,234,567</td><td>0.1235</td><td></td><td>True</td>" in shown
    assert "x" * 300 + "…<" in shown
    assert "x" * 301 not in shown
    assert shown.count("<td>row</td>") == 199
    assert "<td>… and 51 more</td>" in shown


def test_a_password_in_an_address_is_not_shown():
    assert notebook_table("t", (), [("http://me:secret@host/x",)]).count("://…@host/x") == 1


def test_a_spec_shows_the_keys_that_were_given():
    spec = spark_jobs.Spec.from_dict(
        {"source": "a.csv", "target": "<y>", "key": ["a", "b"], "model": {"kind": "forest", "params": {}}}
    )
    shown = spec._repr_html_()
    assert "<td>source.path</td><td>a.csv</td>" in shown
    assert "<td>target</td><td>&lt;y&gt;</td>" in shown
    assert "<td>key</td><td>a, b</td>" in shown
    assert "<td>model.kind</td><td>forest</td>" in shown
    assert "split" not in shown


def test_a_result_shows_its_first_line_its_counts_and_its_warnings():
    result = spark_jobs.Result(
        job="score",
        summary=("flights: done.",),
        rows={"read": 1200},
        warnings=("a < b",),
        model={"name": "f", "version": 3},
    )
    shown = result._repr_html_()
    assert "<caption>flights: done.</caption>" in shown
    assert "<td>model</td><td>f 3</td>" in shown
    assert "<td>rows read</td><td>1,200</td>" in shown
    assert "<td>warning</td><td>a &lt; b</td>" in shown

"""The report is one file that loads nothing, escapes its content, and stays readable with many columns."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import StringIO

import numpy as np
import pytest
from report_contexts import EVIL, classes, context, level, number_column, profile, regression
from rich.console import Console

from spark_jobs import progress
from spark_jobs.report import plots, sections, write_report
from spark_jobs.report.profile_page import write_profile_page
from spark_jobs.report.terminal_table import build_profile_table

VOID = {"meta", "img", "rect", "br"}


class Page(HTMLParser):
    """The tags, links and texts of a page; fails on an unclosed tag or an event handler."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.texts = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for key, value in attrs if key in ("src", "href", "data", "action")]
        assert not [key for key, _ in attrs if key.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_report(tmp_path_factory.mktemp("report"), context(regression()))


@pytest.fixture(scope="module")
def page(written):
    return Page(written.read_text(encoding="utf-8"))


def test_the_page_asks_nothing_of_any_network(written, page):
    assert written.name == "report.html"
    assert all(link.startswith("#") for link in page.links)
    assert not {"script", "link", "iframe", "object", "img"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?:", written.read_text(encoding="utf-8"))


def test_names_of_the_user_are_text_and_never_markup(page):
    assert "script" not in page.tags
    assert page.texts.count(EVIL) >= 5
    assert f"report {EVIL}" in page.texts


def test_every_figure_is_an_svg_file_and_part_of_the_page(written, page):
    figures = sorted(path.name for path in written.parent.glob("*.svg"))
    assert figures == ["coefficients.svg", "importances.svg", "predicted_actual.svg", "residuals.svg"]
    for name in figures:
        root = ET.parse(written.parent / name).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.attrib["aria-label"] in page.texts


def test_every_link_of_the_menu_leads_somewhere(written, page):
    text = written.read_text(encoding="utf-8")
    anchors = [link[1:] for link in page.links if link.startswith("#")]
    assert len(anchors) == 8
    assert all(f'id="{anchor}"' in text for anchor in anchors)


@pytest.mark.parametrize(
    "text",
    [
        "43.21",
        "RMSE",
        "90 %",  # MAPE
        "two levels & a linear model",
        "MAPE leaves out 3 test rows whose target is 0.",
        "all other levels",
        "duplicates, left out",
        "clipped to 0.5 … 99",
        "3.25, with an indicator",
        "says nothing",
        "4.2.0",
        "2.3 %",
        "1.2 s",
        "small sample",
        "baseline \u2013",
        "Tested on 1,000 other rows.",
    ],
)
def test_the_page_shows(page, text):
    assert any(text in found for found in page.texts)


def test_residuals_are_actual_minus_predicted(page):
    quantiles = page.texts[page.texts.index("95%") + 1 :][:3]
    assert quantiles == ["-2.5", "-0.1", "2"]  # of predicted minus actual 2.5, 0.1 and -2
    assert page.texts[page.texts.index("95%") - 2 :][:3] == ["5%", "50%", "95%"]


def test_what_is_zero_or_empty_is_left_out(tmp_path, page):
    assert "counting" not in page.texts  # a phase of 0.0 s
    assert "without a target, left out" not in page.texts
    plain = replace(regression(), details={**regression().details, "slices": {}})
    bare = context(plain, plan=None, importances=(), seconds={}, rows={}, cells={}, versions={}, lineage={})
    text = write_report(tmp_path, bare).read_text(encoding="utf-8")
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == ["Evaluation", "Data"]
    assert "<tbody></tbody>" not in text


def test_the_header_holds_the_known_facts_of_the_run(tmp_path, page):
    at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    given = context(regression(), version="7", alias="challenger", user="ada", trained_at=at)
    texts = Page(write_report(tmp_path, given).read_text(encoding="utf-8")).texts
    head = texts[: texts.index("RMSE")]
    assert [head[head.index(name) + 1] for name in ("Version", "Registered as", "Date", "Seed", "User")] == [
        "7", "challenger", "2026-03-04 05:06 UTC", "42", "ada",
    ]  # fmt: skip
    assert not {"Version", "Registered as", "Date", "User"} & set(page.texts[: page.texts.index("RMSE")])


def test_a_long_metric_and_its_baseline_have_one_form_in_the_tile_and_in_the_sentence(tmp_path):
    baseline = {"prediction": 5.0, "metrics": {"rmse": 2e7, "mse": 1.109e10}}
    metrics = {"rmse": 5_000_000.0, "mse": 494_544_611.0, "mae": 9_876_543.0}
    found = replace(regression(), metrics=metrics, details={**regression().details, "baseline": baseline})
    texts = Page(write_report(tmp_path, context(found)).read_text(encoding="utf-8")).texts
    tiles = [texts[texts.index(name) - 1 : texts.index(name) + 2] for name in ("RMSE", "MSE", "MAE")]
    assert tiles == [
        ["5.000e+06", "RMSE", "baseline 2.000e+07"],
        ["4.945e+08", "MSE", "baseline 1.109e+10"],
        ["9,876,543", "MAE", "baseline \u2013"],
    ]
    assert any("gives RMSE 2.000e+07; this model 5.000e+06." in text for text in texts)


def test_the_header_names_the_model_by_its_title(page):
    assert any(
        text.startswith(". Model: linear and logistic regression. Trained on 5,120 rows.") for text in page.texts
    )


def test_an_undefined_metric_is_a_dash(tmp_path):
    label = {"min": 3.0, "max": 3.0, "mean": 3.0}
    constant = replace(regression(), details={**regression().details, "label": label})
    texts = Page(write_report(tmp_path, context(constant)).read_text(encoding="utf-8")).texts
    assert texts[texts.index("R²") - 1] == "\u2013"


def test_a_class_that_is_never_predicted_has_no_precision_and_one_without_rows_no_recall(tmp_path):
    found = classes(("a", "b"))
    confusion = np.array([[9, 0], [0, 0], [0, 0]])
    table = {"a": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "rows": 9},
             "b": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0}}  # fmt: skip
    empty = replace(found, details={**found.details, "confusion": confusion, "per_class": table})
    text = write_report(tmp_path, context(empty)).read_text(encoding="utf-8")
    row = re.search(r'<span class="name">b</span></td>(.*?)</tr>', text).group(1)
    assert re.findall(r">([^<>]+)<", row)[:4] == ["0", "\u2013", "\u2013", "\u2013"]


def test_a_slice_without_errors_and_without_recall_has_no_positive_row(tmp_path):
    negative = {**level("none", 4), "metrics": {"accuracy": 1.0, "recall": 0.0, "precision": 0.0, "f1": 0.0}}
    wrong = {**level("wrong", 4), "metrics": {"accuracy": 0.5, "recall": 0.0, "precision": 0.0, "f1": 0.0}}
    found = classes(("a", "b"))
    sliced = replace(found, details={**found.details, "slices": {"s": [negative, wrong]}})
    text = write_report(tmp_path, context(sliced)).read_text(encoding="utf-8")
    rows = [re.search(rf"<tr><td>{name}(.*?)</tr>", text).group(1) for name in ("none", "wrong")]
    cells = [re.findall(r'class="n">([^<]+)<', row) for row in rows]
    assert cells == [["4", "1", *["\u2013"] * 3], ["4", "0.5", "0", "0", "0"]]


def test_the_r2_of_one_row_is_undefined(tmp_path):
    one = {**level("alone", 1), "metrics": {"rmse": 2.0, "r2": 0.0}}
    single = replace(regression(), details={**regression().details, "slices": {"s": [one]}})
    text = write_report(tmp_path, context(single)).read_text(encoding="utf-8")
    row = re.search(r"<tr><td>alone(.*?)</tr>", text).group(1)
    assert re.findall(r'class="n">([^<]+)<', row) == ["1", "2", "\u2013"]


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [(("no", "yes"), True), (("a", "b", EVIL, "$d$"), False), (tuple(f"class {i}" for i in range(45)), True)],
)
def test_classes_few_and_many_are_drawn_and_listed(tmp_path, labels, probabilities):
    written = write_report(tmp_path, context(classes(labels, probabilities)))
    page = Page(written.read_text(encoding="utf-8"))
    figures = {path.stem for path in tmp_path.glob("*.svg")}
    assert {"roc", "precision_recall", "confusion"} <= figures
    assert ("calibration" in figures) == probabilities
    assert all(label in page.texts for label in labels)
    assert ('<figure class="large">' in written.read_text(encoding="utf-8")) == (len(labels) > 12)
    assert "Labels absent from the training rows" in page.texts


def test_a_thousand_columns_fold_and_stay_light(tmp_path):
    values = np.random.default_rng(1).normal(size=500)
    many = [number_column(f"column {i}", values + i) for i in range(1000)]
    written = write_report(tmp_path, context(regression(), many))
    text = written.read_text(encoding="utf-8")
    assert "965 more columns" in text
    assert len(text) < 4_000_000
    Page(text)


def test_the_page_of_a_profile_stands_alone(tmp_path):
    path = write_profile_page(tmp_path / "p" / "profile.html", f"t {EVIL}", profile(), {"constant": "identifier"})
    page = Page(path.read_text(encoding="utf-8"))
    assert page.links == ["#columns", "#missing", "#distributions"]
    assert "script" not in page.tags
    assert "identifier" in page.texts
    assert "Profile of 5,120 rows, 5 columns. Every row was read." in page.texts
    assert "svg" in page.tags


def test_a_profile_reads_as_a_table_in_the_terminal():
    console = Console(width=110, record=True, file=StringIO())
    console.print(build_profile_table(profile(), {EVIL: "category"}, most=4))
    lines = console.export_text().splitlines()
    assert lines[0].strip() == "5,120 rows, 5 columns"
    found = next(" ".join(line.split()) for line in lines if line.startswith("<script>"))
    assert found.startswith("<script>alert(1)</scri… category 0 % 4 <script>aler…1)</script>: 60 % · b & c: 30 %")
    price = next(line for line in lines if line.startswith("price $x$"))
    assert "2.3 %" in price
    assert "█" in price
    assert "… and 1 more column" in lines[-1]


def test_a_figure_or_section_that_fails_is_left_out_with_a_note_and_a_warning(tmp_path, monkeypatch):
    def fail(*_args):
        raise ValueError("Too many bins for data range.")

    monkeypatch.setattr(plots, "draw_residuals", fail)
    monkeypatch.setattr(sections, "render_slices", fail)
    with progress.show(notes=False):
        text = Page(write_report(tmp_path, context(regression())).read_text(encoding="utf-8")).texts
        warned = progress.warnings()
    assert warned == (
        "The figure 'residuals' of the report is left out (ValueError: Too many bins for data range.).",
        "The section 'Slices' of the report is left out (ValueError: Too many bins for data range.).",
    )
    assert "The figure 'residuals' could not be drawn." in text
    assert "This part failed and is left out; the result of the job shows the reason." in text
    names = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert names == ["coefficients.svg", "importances.svg", "predicted_actual.svg"]

"""The report as a file: it stands alone, escapes what it is given, and stays readable when there is much of it."""

from __future__ import annotations

import re
import struct
from html.parser import HTMLParser
from io import StringIO

import numpy as np
import pytest
from report_stories import EVIL, classes, number_column, profile, regression, story
from rich.console import Console

from spark_jobs import progress
from spark_jobs.report import chapters, plots, write_report
from spark_jobs.report.distributions import histogram
from spark_jobs.report.profile_page import write_profile_page
from spark_jobs.report.text import profile_table

VOID = {"meta", "img", "rect", "br"}


class Page(HTMLParser):
    """Tags, what they point at, and the text between them; complains of what is not closed."""

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
    return write_report(tmp_path_factory.mktemp("report"), story(regression()))


@pytest.fixture(scope="module")
def page(written):
    return Page(written.read_text(encoding="utf-8"))


def test_the_page_asks_nothing_of_any_network(written, page):
    assert written.name == "report.html"
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?:", written.read_text(encoding="utf-8"))


def test_names_of_the_user_are_text_and_never_markup(page):
    assert "script" not in page.tags
    assert page.texts.count(EVIL) >= 5
    assert f"story {EVIL}" in page.texts


def test_every_picture_is_a_png_beside_the_page_and_within_it(written, page):
    pictures = sorted(path.name for path in written.parent.glob("*.png"))
    assert pictures == ["features.png", "importances.png", "predicted_actual.png", "residuals.png"]
    assert len([link for link in page.links if link.startswith("data:")]) == 4
    for name in pictures:
        head = (written.parent / name).read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", head[16:24])
        assert 300 < width < 3000
        assert 100 < height < 3000


def test_every_link_of_the_menu_leads_somewhere(written, page):
    text = written.read_text(encoding="utf-8")
    anchors = [link[1:] for link in page.links if link.startswith("#")]
    assert len(anchors) == 8
    assert all(f'id="{anchor}"' in text for anchor in anchors)


@pytest.mark.parametrize(
    "told",
    [
        "43.21",
        "rmse",
        "two levels & a linear model",
        "mape leaves out 3 test rows whose target is 0.",
        "all other levels",
        "duplicates, left out",
        "clipped to 0.5 … 99",
        "3.25, and marked",
        "says nothing",
        "4.2.0",
        "2.3 %",
    ],
)
def test_the_page_tells(page, told):
    assert told in page.texts


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [(("no", "yes"), True), (("a", "b", EVIL, "$d$"), False), (tuple(f"class {i}" for i in range(45)), True)],
)
def test_classes_few_and_many_are_drawn_and_told(tmp_path, labels, probabilities):
    written = write_report(tmp_path, story(classes(labels, probabilities)))
    page = Page(written.read_text(encoding="utf-8"))
    pictures = {path.stem for path in tmp_path.glob("*.png")}
    assert {"roc", "precision_recall", "confusion"} <= pictures
    assert ("calibration" in pictures) == probabilities
    assert all(label in page.texts for label in labels)
    assert "Labels that training never saw" in page.texts


def test_a_thousand_columns_fold_and_stay_light(tmp_path):
    values = np.random.default_rng(1).normal(size=500)
    many = [number_column(f"column {i}", values + i) for i in range(1000)]
    written = write_report(tmp_path, story(regression(), many))
    text = written.read_text(encoding="utf-8")
    assert "965 more columns" in text
    assert len(text) < 4_000_000
    Page(text)


def test_the_page_of_a_profile_stands_alone(tmp_path):
    path = write_profile_page(tmp_path / "p" / "profile.html", f"t {EVIL}", profile(), {"constant": "identifier"})
    page = Page(path.read_text(encoding="utf-8"))
    assert page.links == []
    assert "script" not in page.tags
    assert "identifier" in page.texts
    assert "Profile of 5,120 rows, 5 columns. Every row was read." in page.texts
    assert "svg" in page.tags


def test_a_profile_reads_as_a_table_in_the_terminal():
    console = Console(width=110, record=True, file=StringIO())
    console.print(profile_table(profile(), {EVIL: "category"}, most=4))
    lines = console.export_text().splitlines()
    assert lines[0].strip() == "5,120 rows, 5 columns"
    found = next(" ".join(line.split()) for line in lines if line.startswith("<script>"))
    assert found.startswith("<script>alert(1)</scri… category 0 % 4 <script>aler…1)</script> 60 % · b & c 30 %")
    price = next(line for line in lines if line.startswith("price $x$"))
    assert "2.3 %" in price
    assert "█" in price
    assert "… and 1 more column" in lines[-1]


@pytest.mark.parametrize(
    "values",
    [
        [0.3, 0.30000000000000004] * 50,
        [1e300, np.nextafter(1e300, np.inf)] * 50,
        [-1.7e308, 1.7e308] * 50,
        [0.0, 5e-324] * 50,
        [1e300] * 100,
    ],
)
def test_values_however_near_or_far_have_a_histogram_that_counts_them_all(values):
    shares, edges = histogram(number_column("near", values).numbers, 24)
    assert shares.sum() == pytest.approx(1.0, abs=0.03)
    assert np.isfinite(edges).all()
    assert (np.diff(edges) > 0).all()


def test_a_figure_or_section_that_fails_is_left_out_with_a_note_and_a_warning(tmp_path, monkeypatch):
    def fail(*_args):
        raise ValueError("Too many bins for data range.")

    monkeypatch.setattr(plots, "residuals", fail)
    monkeypatch.setattr(chapters, "_slices", fail)
    with progress.show(notes=False):
        text = Page(write_report(tmp_path, story(regression())).read_text(encoding="utf-8")).texts
        warned = progress.warnings()
    assert warned == (
        "The figure 'residuals' of the report is left out (ValueError: Too many bins for data range.).",
        "The section 'Slices' of the report is left out (ValueError: Too many bins for data range.).",
    )
    assert "The figure 'residuals' could not be drawn." in text
    assert "This part failed and is left out; the result of the job says why." in text
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        "features.png",
        "importances.png",
        "predicted_actual.png",
    ]

"""Finding positions and rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from run_graph import ran

from spark_jobs.ops.lookup import first_largest, named, number_position, rows_of, text_position

TEXTS = ["", "a", "A", "ä", "a\u0308", "a\x00", "a\x00b", "日本", "🚲", " a", "x" * 20_000]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=5)), min_size=1, max_size=15), st.randoms())
def test_a_text_is_found_by_every_byte_of_it_or_not_at_all(asked, random):
    known = {text: place for place, text in enumerate(random.sample(TEXTS, 6))}
    found = ran(lambda x: text_position(x, known, 99), np.array(asked, dtype=object))
    assert found.tolist() == [known.get(text, 99) for text in asked]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.integers(-500, 9999), st.integers(0, 50)), st.lists(st.integers(-600, 20_000), min_size=1))
def test_a_whole_number_is_found_or_is_like_every_other(known, asked):
    found = ran(lambda x: number_position(x, known, 99), [float(one) for one in asked])
    assert found.tolist() == [known.get(one, 99) for one in asked]


def test_a_missing_number_and_one_far_out_are_not_found():
    found = ran(lambda x: number_position(x, {1: 0, 2: 1}, 7), [np.nan, 1.0, 2.0, 3.0, 0.0, 1e15, -1e15])
    assert found.tolist() == [7, 0, 1, 7, 7, 7, 7]


def test_of_equal_scores_the_first_is_the_largest():
    scores = [[1.0, 1.0, 0.0], [0.0, 2.0, 2.0], [-1.0, -2.0, -1.0], [-np.inf, -np.inf, -np.inf]]
    assert ran(first_largest, scores).tolist() == [0, 1, 0, 0]


def test_rows_and_names_are_those_at_the_positions():
    table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    places = [2.0, 0.0, 1.0]

    def position(x):
        return number_position(x, {0: 0, 1: 1, 2: 2}, 0)

    assert ran(lambda x: rows_of(table, position(x)), places).tolist() == table[[2, 0, 1]].tolist()
    assert ran(lambda x: named(position(x), ["a", "ö 🚲", ""]), places).tolist() == ["", "a", "ö 🚲"]

"""Two answers compared."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spark_jobs.graph.parity import Answers, compare

KINDS = ["held out", "held out", "extreme"]
SURE = np.array([True, True, True])


def numbers(*values, valid=SURE):
    return Answers(np.array(values, dtype=float), valid=valid)


def classes(prediction, scores, valid=SURE):
    return Answers(np.array(prediction, dtype=float), np.array(scores, dtype=float), valid)


def test_the_same_answers_hold_and_are_counted_by_kind():
    parity = compare(numbers(1, 2, 3, valid=None), numbers(1, 2, 3), KINDS, 1e-9)
    assert parity.holds
    assert parity.rows == {"extreme": 1, "held out": 2}
    assert parity.differing == {"extreme": 0, "held out": 0}
    assert str(parity) == "equal on 3 rows of 2 kinds, largest difference 0.0e+00"


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        (0.5, 0.5 + 0.9e-9, True),
        (0.5, 0.5 + 1.1e-9, False),
        (1e12, 1e12 * (1 + 0.9e-9), True),
        (1e12, 1e12 * (1 + 1.1e-9), False),
        (-1e12, 1e12, False),
    ],
)
def test_a_difference_is_absolute_and_of_large_numbers_relative(one, other, holds):
    parity = compare(numbers(one, 0, 0, valid=None), numbers(other, 0, 0), KINDS, 1e-9)
    assert parity.holds is holds
    assert parity.differing["held out"] == int(not holds)


def test_rows_for_which_neither_says_a_number_are_equal_where_the_graph_calls_them_not_valid():
    valid = np.array([True, True, False])
    for one, other in ((np.inf, np.nan), (np.nan, np.nan), (np.inf, -np.inf)):
        assert compare(numbers(1, 2, one, valid=None), numbers(1, 2, other, valid=valid), KINDS, 1e-9).holds


@pytest.mark.parametrize(
    ("pipeline", "graph", "valid"),
    [
        (np.nan, np.nan, True),  # no number, but called valid
        (5.0, 5.0, False),  # a number that is called not valid
        (5.0, np.nan, False),  # the pipeline says a number
        (np.nan, 5.0, True),  # the graph says a number
        (np.inf, 5.0, True),
        (5.0, np.inf, False),
    ],
)
def test_valid_must_be_true_and_no_number_is_missing_on_one_side_only(pipeline, graph, valid):
    said = numbers(1, 2, graph, valid=np.array([True, True, valid]))
    parity = compare(numbers(1, 2, pipeline, valid=None), said, KINDS, 1e-9)
    assert parity.differing == {"extreme": 1, "held out": 0}
    json.dumps(parity.to_dict(), allow_nan=False)


def test_a_class_may_differ_where_its_scores_tie_and_nowhere_else():
    tie, clear = [0.5, 0.5 + 1e-12], [0.5, 0.5 + 1e-6]
    rest = [[1, 0], [0, 1]]
    assert compare(classes([1, 0, 1], [tie, *rest], None), classes([0, 0, 1], [tie, *rest]), KINDS, 1e-9).holds
    parity = compare(classes([1, 0, 1], [clear, *rest], None), classes([0, 0, 1], [clear, *rest]), KINDS, 1e-9)
    assert parity.differing == {"extreme": 0, "held out": 1}


def test_the_same_class_with_other_scores_differs():
    one, other = [[0.6, 0.4]] * 3, [[0.6, 0.4], [0.6, 0.4], [0.7, 0.3]]
    parity = compare(classes([0, 0, 0], one, None), classes([0, 0, 0], other), KINDS, 1e-9)
    assert str(parity) == "1 of 3 rows differ (largest finite difference 1.0e-01; by kind of row: 1 extreme)"


def test_a_kind_without_rows_proves_nothing_and_is_named():
    parity = compare(numbers(1, 2, 3, valid=None), numbers(1, 2, 3), KINDS, 1e-9, ["split", "extreme", "clock change"])
    assert not parity.holds
    assert parity.rows["split"] == 0
    assert str(parity) == "not verified: there are no rows of the kinds clock change, split"
    empty = compare(Answers(np.zeros(0)), Answers(np.zeros(0)), [], 1e-9)
    assert not empty.holds
    assert "not verified" in str(empty)


def test_what_is_stored_tells_whether_it_held():
    stored = compare(numbers(1, 2, 3, valid=None), numbers(1, 2, 4), KINDS, 1e-9).to_dict()
    assert stored["holds"] is False
    assert stored["bound"] == 1e-9
    assert stored["largest"] == pytest.approx(1 / 3)


def test_rows_that_differ_by_no_finite_number_say_what_came_instead():
    parity = compare(numbers(1.79e308, 2, 7, valid=None), numbers(np.inf, np.nan, 7 + 1e-3), KINDS, 1e-9)
    assert str(parity).startswith(
        "3 of 3 rows differ (infinite instead of 1.8e+308 in 1 row; not a number instead of 2 in 1 row; largest finite"
        " difference 1.4e-04;"
    )
    assert parity.example in (0, 1)
    overflown = compare(numbers(np.inf, np.inf, 1, valid=None), numbers(5, 6, 1), KINDS, 1e-9)
    assert "5 instead of infinite in 2 rows; largest finite difference 0.0e+00" in str(overflown)
    called = compare(numbers(1, 2, 3, valid=None), numbers(1, 2, 3, valid=~SURE), KINDS, 1e-9)
    assert "not valid instead of the opposite in 3 rows" in str(called)

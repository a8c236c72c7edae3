"""Arithmetic of the graph against numpy, on numbers that are missing, infinite and huge too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_graph import ran

from spark_jobs.ops import arithmetic as ops

ODD = np.array([0.0, -0.0, 1.5, -1.5, 2.5, 1e300, -1e300, 5e-324, np.inf, -np.inf, np.nan])
FLOATS = st.lists(st.floats(), min_size=1, max_size=20)


@settings(max_examples=25, deadline=None)
@given(FLOATS)
def test_sums_products_and_comparisons_are_numpys(numbers):
    x = np.array(numbers)
    y = x[::-1].copy()
    with np.errstate(all="ignore"):
        pairs = {
            "add": (lambda a, b: ops.add(a, b, 1.0), x + y + 1.0),
            "subtract": (ops.subtract, x - y),
            "multiply": (ops.multiply, x * y),
            "divide": (ops.divide, x / y),
            "less": (ops.less, x < y),
            "at_least": (ops.at_least, x >= y),
            "equal": (ops.equal, x == y),
            "is_nan": (lambda a, b: ops.is_nan(a), np.isnan(x)),
            "is_finite": (lambda a, b: ops.is_finite(a), np.isfinite(x)),
        }
    for name, (said, wanted) in pairs.items():
        np.testing.assert_array_equal(ran(said, x, y), wanted, err_msg=name)


def test_rounding_goes_to_the_even_one_and_flooring_down():
    x = [0.5, 1.5, 2.5, -0.5, -1.5, 3.7, -3.2]
    np.testing.assert_array_equal(ran(ops.rounded, x), np.round(x))
    np.testing.assert_array_equal(ran(ops.floor, x), np.floor(x))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=20), st.sampled_from([7, 60, 3600, 86_400]))
def test_the_rest_of_a_division_is_never_below_zero(numbers, by):
    found = ran(lambda x: ops.modulo(x, float(by)), [float(one) for one in numbers])
    assert found.tolist() == [float(one % by) for one in numbers]


def test_a_sigmoid_keeps_its_digits_on_both_sides():
    x = np.array([-800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0, np.inf, -np.inf])
    with np.errstate(over="ignore"):
        wanted = 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(ran(ops.sigmoid, x), wanted, rtol=1e-15)


def test_shares_add_up_to_one_also_of_scores_that_would_overflow():
    scores = np.array([[1000.0, 1001.0, 999.0], [-1e308, 1e308, 0.0], [0.0, 0.0, 0.0], [-750.0, 0.0, -1.0]])
    found = ran(ops.softmax, scores)
    with np.errstate(over="ignore"):
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(found, shifted / shifted.sum(axis=1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)


def test_the_first_infinite_score_has_it_all():
    found = ran(ops.softmax, [[1.0, np.inf, 2.0], [np.inf, np.inf, 0.0]])
    assert found[0].tolist() == [0.0, 1.0, 0.0]
    assert found[1, 0] == 1.0
    assert np.isnan(found[1, 1]), "Spark multiplies the others with 0"


def test_what_holds_of_all_columns_holds_of_a_row():
    matrix = np.array([[1.0, 2.0], [np.nan, 2.0], [np.inf, 1.0], [0.0, 0.0]])
    assert ran(lambda x: ops.all_of(ops.is_finite(x)), matrix).tolist() == [True, False, False, True]
    assert ran(ops.row_sum, matrix[[0, 3]]).tolist() == [3.0, 0.0]


def test_columns_stand_side_by_side_and_are_picked_by_place():
    matrix = np.arange(6.0).reshape(2, 3)
    assert ran(lambda x: ops.take_columns(x, [2, 0]), matrix).tolist() == [[2.0, 0.0], [5.0, 3.0]]
    both = ran(lambda x, y: ops.hstack([x, ops.as_column(y)]), matrix, [8.0, 9.0])
    assert both.tolist() == [[0.0, 1.0, 2.0, 8.0], [3.0, 4.0, 5.0, 9.0]]
    assert ran(lambda x: ops.squeeze(ops.as_column(x)), [1.0, 2.0]).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("number", ODD)
def test_one_is_chosen_where_a_condition_holds_and_missing_is_never_below(number):
    x = np.array([number])
    found = ran(lambda a: ops.where(ops.less(a, 1.0), a, 7.0), x)
    np.testing.assert_array_equal(found, x if number < 1.0 else [7.0])

"""Arithmetic on columns and matrices; null is NaN, and what is said of one value is said of all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.ops.dialect import constant, is_older, op

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value

    Term = Value | float | npt.NDArray[np.float64]


def value(term: Term) -> Value:
    """A term as a value of the graph."""
    return constant(term) if isinstance(term, (int, float, np.ndarray)) else term


def add(*terms: Term) -> Value:
    """The sum of terms, from left to right."""
    return reduce(_add, [value(term) for term in terms])


def _add(one: Value, other: Value) -> Value:
    return op("add", one, other)


def subtract(one: Term, other: Term) -> Value:
    """One less the other."""
    return op("sub", value(one), value(other))


def multiply(one: Term, other: Term) -> Value:
    """The product."""
    return op("mul", value(one), value(other))


def divide(one: Term, other: Term) -> Value:
    """The quotient."""
    return op("div", value(one), value(other))


def modulo(one: Value, other: float) -> Value:
    """The rest of whole numbers, never below 0."""
    return subtract(one, multiply(floor(divide(one, other)), other))


def floor(one: Value) -> Value:
    """The largest whole number that is not above."""
    return op("floor", one)


def rounded(one: Value) -> Value:
    """The nearest whole number, of two the even one."""
    return op("round", one)


def exp(one: Value) -> Value:
    """e to the power of it."""
    return op("exp", one)


def sigmoid(one: Value) -> Value:
    """1 / (1 + e⁻ˣ), as Spark computes it: ONNX Runtime's own loses digits in double precision."""
    return divide(1.0, add(1.0, exp(multiply(one, -1.0))))


def softmax(scores: Value) -> Value:
    """Scores [N, K] as shares: eˣ over their sum, the largest score taken off first.

    As in Spark the first score that is infinite has it all, and others times 0 are left: NaN for infinite ones.
    """
    known = where(is_nan(scores), -np.inf, scores)
    most = op("reduce_max", known, **_rows())
    first = op("arg_max", known, axis=1, keepdims=1)
    places = op(
        "range", constant(0, np.int64), op("gather", op("shape", scores), constant(1, np.int64)), constant(1, np.int64)
    )
    is_first = equal(first, op("unsqueeze", places, constant([0], np.int64)))
    alone = where(is_first, 1.0, multiply(scores, 0.0))
    return where(equal(most, np.inf), alone, normalized(exp(subtract(scores, most))))


def _rows() -> dict[str, Any]:
    """The axis along a row, as an attribute where the operator has it as one."""
    return {"axes": [1]} if is_older() else {"axes": constant([1], np.int64)}


def normalized(shares: Value) -> Value:
    """Rows [N, K] over their sums."""
    return divide(shares, op("reduce_sum", shares, constant([1], np.int64)))


def matmul(one: Value, matrix: npt.NDArray[np.float64]) -> Value:
    """A matrix [N, D] times one of numbers [D, M]."""
    return op("matmul", one, constant(matrix))


def where(condition: Value, one: Term, other: Term) -> Value:
    """One where the condition holds, else the other."""
    return op("where", condition, value(one), value(other))


def is_nan(one: Value) -> Value:
    """Whether a value is missing."""
    return op("isnan", one)


def is_finite(one: Value) -> Value:
    """Whether a value is a number, neither missing nor infinite."""
    return less(op("abs", one), float("inf"))


def less(one: Term, other: Term) -> Value:
    """Whether one is below the other; a missing value never is."""
    return op("less", value(one), value(other))


def at_least(one: Term, other: Term) -> Value:
    """Whether one is not below the other; a missing value is neither."""
    return op("greater_or_equal", value(one), value(other))


def equal(one: Term, other: Term) -> Value:
    """Whether both are the same."""
    return op("equal", value(one), value(other))


def either(one: Value, other: Value) -> Value:
    """Whether one condition holds, or the other."""
    return op("or_", one, other)


def both(one: Value, other: Value) -> Value:
    """Whether two conditions hold."""
    return op("and_", one, other)


def number(one: Value) -> Value:
    """A condition or a position as a number."""
    return op("cast", one, to=np.float64)


def all_of(conditions: Value) -> Value:
    """Whether all conditions of a row [N, K] hold."""
    missed = op("reduce_sum", number(op("not_", conditions)), constant([1], np.int64), keepdims=0)
    return less(missed, 0.5)


def row_sum(matrix: Value) -> Value:
    """The sum of each row of a matrix, [N]."""
    return op("reduce_sum", matrix, constant([1], np.int64), keepdims=0)


def upright(column: Value) -> Value:
    """A column [N] as a matrix [N, 1]."""
    return op("unsqueeze", column, constant([1], np.int64))


def flat(matrix: Value) -> Value:
    """A matrix [N, 1] as a column [N]."""
    return op("squeeze", matrix, constant([1], np.int64))


def beside(matrices: Sequence[Value]) -> Value:
    """Matrices of N rows as one."""
    return matrices[0] if len(matrices) == 1 else op("concat", list(matrices), axis=1)


def picked(matrix: Value, places: Sequence[int]) -> Value:
    """Some columns of a matrix, as a matrix."""
    return op("gather", matrix, constant(list(places), np.int64), axis=1)

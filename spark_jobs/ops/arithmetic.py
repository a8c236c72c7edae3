"""Elementwise arithmetic on columns and matrices; null is NaN."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.ops.dialect import constant, is_legacy, op

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value

    Term = Value | float | npt.NDArray[np.float64]


def value(term: Term) -> Value:
    """Convert a number or array to a constant of the graph; return graph values unchanged."""
    return constant(term) if isinstance(term, (int, float, np.ndarray)) else term


def add(*terms: Term) -> Value:
    """Return the sum of terms, added from left to right."""
    return reduce(lambda one, other: op("add", one, other), [value(term) for term in terms])


def subtract(one: Term, other: Term) -> Value:
    """Return one minus the other."""
    return op("sub", value(one), value(other))


def multiply(one: Term, other: Term) -> Value:
    """Return the product."""
    return op("mul", value(one), value(other))


def divide(one: Term, other: Term) -> Value:
    """Return the quotient."""
    return op("div", value(one), value(other))


def modulo(one: Value, other: float) -> Value:
    """Return the remainder of integers, never negative for a positive divisor."""
    return subtract(one, multiply(floor(divide(one, other)), other))


def floor(one: Value) -> Value:
    """Return the largest integer that is not greater."""
    return op("floor", one)


def rounded(one: Value) -> Value:
    """Return the nearest integer; ties round to even."""
    return op("round", one)


def exp(one: Value) -> Value:
    """Return e to the power of the value."""
    return op("exp", one)


def sigmoid(one: Value) -> Value:
    """Return 1 / (1 + e⁻ˣ) as Spark computes it; ONNX Runtime's `Sigmoid` loses digits in double precision."""
    return divide(1.0, add(1.0, exp(multiply(one, -1.0))))


def softmax(scores: Value) -> Value:
    """Convert scores `[N, K]` to probabilities: eˣ over their sum, after subtracting the largest score.

    As in Spark, the first infinite score gets probability 1 and the others 0, or NaN if they are infinite as well.
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
    """Return the axis along a row: an attribute in older opsets, an input in current ones."""
    return {"axes": [1]} if is_legacy() else {"axes": constant([1], np.int64)}


def normalized(shares: Value) -> Value:
    """Divide rows `[N, K]` by their sums."""
    return divide(shares, op("reduce_sum", shares, constant([1], np.int64)))


def matmul(one: Value, matrix: npt.NDArray[np.float64]) -> Value:
    """Multiply a matrix `[N, D]` by a constant matrix `[D, M]`."""
    return op("matmul", one, constant(matrix))


def where(condition: Value, one: Term, other: Term) -> Value:
    """Return one where the condition holds, else the other."""
    return op("where", condition, value(one), value(other))


def is_nan(one: Value) -> Value:
    """Return whether a value is null (NaN)."""
    return op("isnan", one)


def is_finite(one: Value) -> Value:
    """Return whether a value is finite, neither NaN nor infinite."""
    return less(op("abs", one), float("inf"))


def less(one: Term, other: Term) -> Value:
    """Return whether one is less than the other; false for NaN."""
    return op("less", value(one), value(other))


def at_least(one: Term, other: Term) -> Value:
    """Return whether one is greater than or equal to the other; false for NaN."""
    return op("greater_or_equal", value(one), value(other))


def equal(one: Term, other: Term) -> Value:
    """Return whether both are equal."""
    return op("equal", value(one), value(other))


def either(one: Value, other: Value) -> Value:
    """Return whether at least one of two conditions holds."""
    return op("or_", one, other)


def both(one: Value, other: Value) -> Value:
    """Return whether both conditions hold."""
    return op("and_", one, other)


def number(one: Value) -> Value:
    """Convert a condition or an index to a double."""
    return op("cast", one, to=np.float64)


def all_of(conditions: Value) -> Value:
    """Return whether all conditions of a row hold: `[N, K]` to `[N]`."""
    missed = op("reduce_sum", number(op("not_", conditions)), constant([1], np.int64), keepdims=0)
    return less(missed, 0.5)


def row_sum(matrix: Value) -> Value:
    """Return the sum of each row of a matrix, `[N]`."""
    return op("reduce_sum", matrix, constant([1], np.int64), keepdims=0)


def as_column(column: Value) -> Value:
    """Reshape a column `[N]` to a matrix `[N, 1]`."""
    return op("unsqueeze", column, constant([1], np.int64))


def squeeze(matrix: Value) -> Value:
    """Reshape a matrix `[N, 1]` to a column `[N]`."""
    return op("squeeze", matrix, constant([1], np.int64))


def hstack(matrices: Sequence[Value]) -> Value:
    """Concatenate matrices of N rows horizontally."""
    return matrices[0] if len(matrices) == 1 else op("concat", list(matrices), axis=1)


def take_columns(matrix: Value, places: Sequence[int]) -> Value:
    """Return some columns of a matrix, as a matrix."""
    return op("gather", matrix, constant(list(places), np.int64), axis=1)

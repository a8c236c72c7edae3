"""Lookups: the index of a text or number, the row or name at an index, and the index of the largest score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.dialect import constant, ml_op, op

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value


def text_position(text: Value, positions: Mapping[str, int], otherwise: int) -> Value:
    """Return the index of each text, `[N]` of int64; unknown texts have the index `otherwise`."""
    return ml_op(
        "label_encoder",
        text,
        keys_strings=list(positions),
        values_int64s=list(positions.values()),
        default_int64=otherwise,
    )


def number_position(numbers: Value, positions: Mapping[int, int], otherwise: int) -> Value:
    """Return the index of each integer, `[N]` of int64; unknown integers and NaN have the index `otherwise`."""
    known = op("where", op("isnan", numbers), constant(-(2.0**52)), numbers)
    whole = op("cast", known, to=np.int64)
    if not positions:
        positions = {0: otherwise}
    low, high = min(positions), max(positions)
    table = np.full(high - low + 3, otherwise, dtype=np.int64)
    for level, place in positions.items():
        table[level - low + 1] = place
    bound = [constant(edge, np.int64) for edge in (low - 1, high + 1)]
    inside = op("max", [op("min", [whole, bound[1]]), bound[0]])
    return op("gather", constant(table, np.int64), op("sub", inside, bound[0]), axis=0)


def rows_of(table: npt.NDArray[np.float64], positions: Value) -> Value:
    """Return the rows of a table `[K, M]` at indices `[N]`, as `[N, M]`."""
    return op("gather", constant(table), positions, axis=0)


def first_largest(scores: Value) -> Value:
    """Return the index of the largest score of each row `[N, K]`; the first of equal ones."""
    return op("arg_max", scores, axis=1, keepdims=0)


def named(positions: Value, names: Sequence[str]) -> Value:
    """Return the name at each index, `[N]` of text."""
    return op("gather", constant(list(names), np.str_), positions, axis=0)

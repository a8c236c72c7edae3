"""The feature vector, in blocks: a level that is one of thousands stays a position as long as it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import add, beside, equal, matmul, number, upright
from spark_jobs.ops.dialect import constant
from spark_jobs.ops.lookup import rows_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value

    Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dense:
    """Numbers side by side, `[N, width]`."""

    values: Value
    width: int

    def dense(self) -> Value:
        """The numbers."""
        return self.values


@dataclass(frozen=True)
class OneHot:
    """A 1 at a position, zeros elsewhere; the position `width` is none of them, and all are zeros."""

    position: Value
    width: int

    def dense(self) -> Value:
        """The zeros and ones, `[N, width]`."""
        places = constant(np.arange(self.width)[None, :], np.int64)
        return number(equal(upright(self.position), places))


Block = Dense | OneHot


@dataclass(frozen=True)
class Vector:
    """Blocks one after the other."""

    blocks: tuple[Block, ...]

    @property
    def width(self) -> int:
        """How many numbers it holds."""
        return sum(block.width for block in self.blocks)

    def dense(self) -> Value:
        """All numbers, `[N, width]`."""
        return beside([block.dense() for block in self.blocks])

    def times(self, weights: Matrix) -> Value:
        """The product with a matrix [width, M], `[N, M]`; a one-hot block is a lookup of its rows."""
        return self.summed(
            lambda dense, place: matmul(dense.values, weights[place]),
            lambda place: np.vstack([weights[place], np.zeros(weights.shape[1])]),
        )

    def summed(self, of_dense: Callable[[Dense, slice], Value], of_hot: Callable[[slice], Matrix]) -> Value:
        """A sum over the blocks: a value for numbers, for a one-hot block a row of a table [width + 1, M]."""
        terms, start = [], 0
        for block in self.blocks:
            place = slice(start, start + block.width)
            start += block.width
            terms.append(of_dense(block, place) if isinstance(block, Dense) else rows_of(of_hot(place), block.position))
        return add(*terms)

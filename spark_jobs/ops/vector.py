"""The feature vector as blocks, so that a one-hot level among thousands stays an index as long as possible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import add, as_column, equal, hstack, matmul, number
from spark_jobs.ops.dialect import constant
from spark_jobs.ops.lookup import rows_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value

    Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dense:
    """A block of numbers, `[N, width]`."""

    values: Value
    width: int

    def dense(self) -> Value:
        """Return the numbers."""
        return self.values


@dataclass(frozen=True)
class OneHot:
    """A one-hot block: a 1 at an index, zeros elsewhere; the index `width` gives all zeros."""

    position: Value
    width: int

    def dense(self) -> Value:
        """Return the zeros and ones, `[N, width]`."""
        places = constant(np.arange(self.width)[None, :], np.int64)
        return number(equal(as_column(self.position), places))


Block = Dense | OneHot


@dataclass(frozen=True)
class Vector:
    """A feature vector: the concatenation of blocks."""

    blocks: tuple[Block, ...]

    @property
    def width(self) -> int:
        """The length of the vector."""
        return sum(block.width for block in self.blocks)

    def dense(self) -> Value:
        """Return all numbers, `[N, width]`."""
        return hstack([block.dense() for block in self.blocks])

    def times(self, weights: Matrix) -> Value:
        """Return the product with a matrix `[width, M]`, as `[N, M]`; a one-hot block is a lookup of its rows."""
        return self.summed(
            lambda dense, place: matmul(dense.values, weights[place]),
            lambda place: np.vstack([weights[place], np.zeros(weights.shape[1])]),
        )

    def summed(self, of_dense: Callable[[Dense, slice], Value], of_hot: Callable[[slice], Matrix]) -> Value:
        """Sum over the blocks: `of_dense` gives a value, `of_hot` a table `[width + 1, M]` whose rows are looked up."""
        terms, start = [], 0
        for block in self.blocks:
            place = slice(start, start + block.width)
            start += block.width
            terms.append(of_dense(block, place) if isinstance(block, Dense) else rows_of(of_hot(place), block.position))
        return add(*terms)

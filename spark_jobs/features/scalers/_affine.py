"""Shared functions of affine scalers: subtract a center, multiply by a factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import multiply, subtract

if TYPE_CHECKING:
    from spark_jobs.bundle.stages import Numbers
    from spark_jobs.ops.dialect import Value


def reciprocals(spread: Numbers) -> Numbers:
    """Return the factors by which Spark multiplies instead of dividing, `[K]`; 0 for a constant."""
    return np.divide(1.0, spread, out=np.zeros_like(spread), where=spread != 0)


def center_and_scale(values: Value, centre: Numbers, factor: Numbers) -> Value:
    """Return the values `[N, K]` minus their column's center, times their column's factor."""
    return multiply(subtract(values, centre[None, :]), factor[None, :])

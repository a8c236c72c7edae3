"""What scalers that move and stretch have in common: a number less a centre, times a factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import multiply, subtract

if TYPE_CHECKING:
    from spark_jobs.bundle.stages import Numbers
    from spark_jobs.ops.dialect import Value


def reciprocals(spread: Numbers) -> Numbers:
    """What Spark multiplies by instead of dividing, `[K]`: 0 where the spread is 0, at a constant."""
    return np.divide(1.0, spread, out=np.zeros_like(spread), where=spread != 0)


def moved(values: Value, centre: Numbers, factor: Numbers) -> Value:
    """The values `[N, K]`, each less its column's centre, times its column's factor."""
    return multiply(subtract(values, centre[None, :]), factor[None, :])

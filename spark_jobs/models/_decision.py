"""How scores become a class, by the same rules as Spark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import as_column, divide, hstack, is_nan, less, subtract, where
from spark_jobs.ops.dialect import op
from spark_jobs.ops.lookup import first_largest
from spark_jobs.ops.output import Output

if TYPE_CHECKING:
    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value


def of_scores(stage: Stage, scores: Value, shares: Value) -> Output:
    """Return the class with the largest score or, if the model has thresholds, the largest probability / threshold.

    The first of equal classes wins. A class with threshold 0 wins wherever its probability is above 0.
    """
    limits = stage.params.get("thresholds")
    if limits is None:
        return Output(class_index=first_largest(scores), probabilities=shares)
    weighed = divide(shares, np.array([limits], dtype=np.float64))
    return Output(class_index=first_largest(where(is_nan(weighed), -np.inf, weighed)), probabilities=shares)


def of_margin(margin: Value, limit: float) -> Value:
    """Return the index of the class: 1 above the limit, else 0."""
    return op("cast", less(limit, margin), to=np.int64)


def two(positive: Value) -> Value:
    """Return the probabilities of two classes `[N, 2]` from those of the second `[N]`."""
    return hstack([as_column(subtract(1.0, positive)), as_column(positive)])


def logit(share: float) -> float:
    """Return the margin at which a probability is reached.

    >>> logit(0.5), logit(1.0)
    (0.0, inf)
    """
    if share in (0.0, 1.0):
        return -math.inf if share == 0.0 else math.inf
    return math.log(share / (1.0 - share))

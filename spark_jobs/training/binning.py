"""Bin edges for scores: the quantiles of the scores, from KLL sketches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from datasketches import kll_doubles_sketch

from spark_jobs.training.curves import Doubles

FINEST = 131_072
LARGEST_SKETCH = 65_535


def quantile_edges(sketches: Sequence[bytes], count: int) -> Doubles:
    """Return ascending bin edges at about `count` quantiles of each sketch; all are finite.

    Quantiles are dense where the scores are dense, unlike bins of a fixed width. A value at several quantiles is a tie
    of many rows and gets a bin of its own. While a sketch is exact, every score is an edge.

    Args:
        sketches: KLL sketches of doubles, serialized.
        count: the number of quantiles per sketch.

    Returns:
        The edges. A bin covers the values from its edge up to, but not including, the next edge.
    """
    found = [_edges(kll_doubles_sketch.deserialize(sketch), count) for sketch in sketches]
    edges = np.unique(np.concatenate([np.empty(0), *found]))
    finite: Doubles = edges[np.isfinite(edges)]
    return finite


def _edges(sketch: kll_doubles_sketch, count: int) -> Doubles:
    if sketch.is_empty():
        return np.empty(0)
    quantiles = np.asarray(sketch.get_quantiles(np.linspace(0, 1, count + 1))) + 0.0
    values, held = np.unique(quantiles, return_counts=True)
    crowded = values[held > 2] if sketch.is_estimation_mode() else np.empty(0)
    return np.concatenate([values, np.nextafter(crowded, np.inf)])


def quantiles(sketch: bytes, ranks: Sequence[float]) -> Doubles:
    """Return the quantiles at `ranks` (0 to 1), in that order, from a KLL sketch that Spark serialized."""
    read = kll_doubles_sketch.deserialize(bytes(sketch))
    return np.asarray(read.get_quantiles(list(ranks)), dtype=float)


def shares_below(sketch: bytes, points: Doubles) -> Doubles:
    """Return the share of values at or below each point."""
    read = kll_doubles_sketch.deserialize(bytes(sketch))
    return np.asarray(read.get_cdf(list(points)), dtype=float)[:-1]

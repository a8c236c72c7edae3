"""The feature vector in blocks: a product is that of the whole, and a level among thousands is never spread out."""

from __future__ import annotations

import numpy as np
from run_graph import ran
from spox import Tensor, argument

from spark_jobs.ops.dialect import build
from spark_jobs.ops.lookup import number_position
from spark_jobs.ops.vector import Dense, OneHot, Vector


def vector(x, place, width):
    """Two numbers, a one-hot block and one more number."""
    position = number_position(place, {one: one for one in range(width)}, width)
    return Vector((Dense(x, 2), OneHot(position, width), Dense(x, 2)))


def spread(x, place, width):
    hot = (place[:, None] == np.arange(width)).astype(float)
    return np.hstack([x, hot, x])


def test_a_product_is_that_of_the_vector_spread_out():
    random = np.random.default_rng(1)
    x, place, width = random.normal(size=(50, 2)), random.integers(-1, 8, 50).astype(float), 7
    weights = random.normal(size=(width + 4, 3))
    whole = spread(x, place, width)
    np.testing.assert_array_equal(ran(lambda a, b: vector(a, b, width).dense(), x, place), whole)
    np.testing.assert_allclose(
        ran(lambda a, b: vector(a, b, width).times(weights), x, place), whole @ weights, rtol=1e-12
    )


def test_thousands_of_levels_times_weights_are_a_lookup_and_no_matrix_of_their_width():
    width = 5000
    x, place = argument(Tensor(np.float64, ("N", 2))), argument(Tensor(np.float64, ("N",)))
    made = vector(x, place, width)
    assert made.width == width + 4
    model = build({"x": x, "place": place}, {"y": made.times(np.ones((made.width, 1)))})
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    assert len(products) == 2
    shapes = [tuple(one.dims) for node in model.graph.node for a in node.attribute for one in [a.t] if one.dims]
    assert (1, width) not in shapes, "the places of a one-hot matrix"
    assert (width + 1, 1) in shapes, "the table that is looked up"

"""Which operators a graph is made of."""

from __future__ import annotations

import numpy as np
import pytest
from run_graph import run
from spox import Tensor, argument

from spark_jobs.ops import arithmetic as ops
from spark_jobs.ops.dialect import build, is_legacy, legacy_opset, number_input, text_input
from spark_jobs.ops.lookup import text_position
from spark_jobs.ops.tree_nodes import Leaf, SplitNode
from spark_jobs.ops.trees import sum_of_trees

TREE = [SplitNode(0, 1, 2, 0.5), Leaf((1.0,)), Leaf((2.0,))]


def sample():
    """Every kind of operator that has changed between the dialects."""
    x, text = argument(Tensor(np.float64, ("N", 2))), text_input()
    shares = ops.softmax(x)
    trees = sum_of_trees(x, 2, [TREE], 1)
    whole = ops.add(ops.row_sum(shares), ops.squeeze(trees), ops.number(text_position(text, {"a": 5}, 0)))
    return build({"x": x, "text": text}, {"y": whole})


def opsets(model):
    return {one.domain: one.version for one in model.opset_import}


def test_older_runtimes_get_older_operators_and_the_same_numbers():
    given = {"x": np.array([[0.0, 3.0], [1.0, -1e9]]), "text": np.array(["a", "b"], dtype=object)}
    today = sample()
    with legacy_opset():
        assert is_legacy()
        before = sample()
    assert not is_legacy()
    assert opsets(today)["ai.onnx.ml"] == 5
    assert opsets(today)[""] >= 21
    assert opsets(before) == {"": 17, "ai.onnx.ml": 3}
    np.testing.assert_allclose(run(today, given)["y"], run(before, given)["y"], rtol=1e-15)


def test_older_ends_with_its_block_also_when_that_fails():
    with pytest.raises(ZeroDivisionError), legacy_opset():
        raise ZeroDivisionError
    assert not is_legacy()


def test_inputs_are_columns_of_doubles_and_of_texts():
    model = build(
        {"n": (n := number_input()), "t": (t := text_input())},
        {"y": ops.add(n, ops.number(text_position(t, {"a": 1}, 0)))},
    )
    kinds = {
        one.name: (one.type.tensor_type.elem_type, len(one.type.tensor_type.shape.dim)) for one in model.graph.input
    }
    assert kinds == {"n": (11, 1), "t": (8, 1)}

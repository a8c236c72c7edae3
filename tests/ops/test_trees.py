"""Trees against a reading of their nodes one by one, in the operators of today and in those of older runtimes."""

from __future__ import annotations

import numpy as np
import pytest
from run_graph import ran

from spark_jobs.ops.dialect import legacy_opset
from spark_jobs.ops.tree_nodes import Leaf, SplitNode
from spark_jobs.ops.trees import steps, sum_of_trees

WIDTH = 4
LEVELS = 40  # the values of features 2 and 3, which are asked for members


def grown(random, depth, targets):
    """A random tree: thresholds, strict ones, sets of levels, missing values to either side."""
    nodes = []

    def grow(left):
        place = len(nodes)
        if not left or random.random() < 0.1:
            nodes.append(Leaf(tuple(float(one) for one in random.integers(-5, 6, targets))))
            return place
        nodes.append(None)
        one, other = grow(left - 1), grow(left - 1)
        feature = int(random.integers(0, WIDTH))
        if feature >= 2:
            members = random.choice(LEVELS, int(random.integers(1, LEVELS)), replace=False)
            nodes[place] = SplitNode(feature, one, other, members=tuple(float(level) for level in sorted(members)))
        else:
            at, strict, missing = float(random.integers(-3, 4)), bool(random.integers(2)), bool(random.integers(2))
            nodes[place] = SplitNode(feature, one, other, at, strict=strict, missing_left=missing)
        return place

    grow(depth)
    return nodes


def read(tree, row):
    """What a tree says of a row, node by node."""
    node = tree[0]
    while isinstance(node, SplitNode):
        number = row[node.feature]
        if node.members is not None:
            left = number in node.members
        elif np.isnan(number):
            left = node.missing_left
        else:
            left = number < node.at if node.strict else number <= node.at
        node = tree[node.left if left else node.right]
    return np.array(node.value)


def rows(random, count):
    numbers = random.integers(-4, 5, (count, 2)) + random.choice([0.0, 1e-12, -1e-12, 0.5], (count, 2))
    numbers[random.random((count, 2)) < 0.1] = np.nan
    numbers[random.random((count, 2)) < 0.05] = np.inf
    return np.hstack([numbers, random.integers(0, LEVELS + 2, (count, 2)).astype(float)])


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("number", range(6))
def test_a_sum_of_trees_is_what_their_nodes_say_in_both_dialects(targets, number):
    random = np.random.default_rng(number)
    trees = [grown(random, depth, targets) for depth in random.integers(0, 6, 5)]
    given = rows(random, 300)
    wanted = np.array([sum(read(tree, row) for tree in trees) for row in given])
    found = ran(lambda x: sum_of_trees(x, WIDTH, trees, targets), given)
    with legacy_opset():
        before = ran(lambda x: sum_of_trees(x, WIDTH, trees, targets), given)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(before, wanted)


def test_at_a_threshold_at_most_is_left_and_below_is_right():
    at = 0.1 + 0.2
    given = np.array([[np.nextafter(at, 0)], [at], [np.nextafter(at, 1)], [np.nan]])
    for strict, missing, wanted in ((False, False, [1, 1, 2, 2]), (True, True, [1, 2, 2, 1])):
        tree = [SplitNode(0, 1, 2, at, strict=strict, missing_left=missing), Leaf((1.0,)), Leaf((2.0,))]
        assert ran(lambda x, tree=tree: sum_of_trees(x, 1, [tree], 1), given).ravel().tolist() == wanted


def test_a_single_leaf_gives_its_value_for_every_row():
    for given in ([[1.0], [np.nan]], [[-1e300], [np.inf]]):
        assert ran(lambda x: sum_of_trees(x, 1, [[Leaf((2.5,))]], 1), given).ravel().tolist() == [2.5, 2.5]


def test_leaves_keep_all_digits_of_a_double():
    worth = 0.1 + 1e-16 + 1 / 3
    tree = [SplitNode(0, 1, 2, 1e9 + 1e-6), Leaf((worth,)), Leaf((1.0,))]
    for given, wanted in ((1e9 + 1e-6, worth), (np.nextafter(1e9 + 1e-6, 2e9), 1.0)):
        assert ran(lambda x: sum_of_trees(x, 1, [tree], 1), [[given]]).item() == wanted


@pytest.mark.parametrize("count", [0, 1, 2, 7, 64])
def test_steps_are_those_of_a_search_in_the_edges(count):
    random = np.random.default_rng(count)
    edges = np.sort(random.choice(10_000, count, replace=False)).astype(float)
    worth = random.normal(size=count + 1)
    asked = np.concatenate([edges, edges - 1e-9, edges + 0.5, [-1e18, 1e18]])
    found = ran(lambda x: steps(x, edges.tolist(), worth.tolist()), asked)
    np.testing.assert_array_equal(found, worth[np.searchsorted(edges, asked, side="right")])

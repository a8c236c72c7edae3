"""Ensembles of decision trees as one ONNX operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import as_column, hstack, squeeze, take_columns
from spark_jobs.ops.dialect import constant, is_legacy, op
from spark_jobs.ops.ensembles import TreeEnsembleBuilder, legacy_tree_outputs
from spark_jobs.ops.tree_nodes import Leaf, Node, SplitNode, Tree

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value

_MASK = 31  # ONNX Runtime tests values 1 … 31 by one bit mask, other values in several steps
_MOST = 512
_AT_ONCE = 64  # the number of trees whose outputs are held at once


def sum_of_trees(features: Value, width: int, trees: Sequence[Tree], targets: int) -> Value:
    """Return the sum of all trees by target, `[N, targets]`, for features `[N, width]`."""
    if is_legacy():
        return _sum_by_lookup(*_without_members(features, width, trees))
    coded, recoded = _with_codes(features, width, trees)
    builder = TreeEnsembleBuilder()
    for tree in recoded:
        for target in range(targets):
            if targets == 1 or any(isinstance(node, Leaf) and node.value[target] for node in tree):
                builder.add_tree(tree, target, target)
    return builder.outputs(coded, targets, np.float64)


def _sum_by_lookup(features: Value, trees: Sequence[Tree]) -> Value:
    """Return the sum with older opsets: they output single precision, so they return leaf indices for a lookup."""
    values = np.array([node.value for tree in trees for node in tree if isinstance(node, Leaf)])
    found = legacy_tree_outputs(features, trees, range(len(values)), np.float64)
    leaves = op("gather", constant(values), op("cast", found, to=np.int64), axis=0)
    return op("reduce_sum", leaves, constant([1], np.int64), keepdims=0)


def running_sum(features: Value, trees: Sequence[Tree], start: float) -> Value:
    """Return `start` plus the trees, `[N]`, added in single precision one by one, as XGBoost does.

    If large leaves cancel, the sum shows the rounding of each step. An operator that sums its trees itself uses another
    order with several threads.
    """
    given = op("cast", features, to=np.float32)
    moved = [_from(start, trees[0]), *trees[1:]]
    sums: list[Value] = []
    for at in range(0, len(moved), _AT_ONCE):
        part = moved[at : at + _AT_ONCE]
        terms = [*sums[-1:], op("transpose", _each(given, part), perm=[1, 0])]
        last = constant([len(part) + len(terms) - 2], np.int64)
        sums.append(op("gather", op("cumsum", op("concat", terms, axis=0), constant(0, np.int64)), last, axis=0))
    return op("cast", op("squeeze", sums[-1], constant([0], np.int64)), to=np.float64)


def _from(start: float, tree: Tree) -> Tree:
    """Add `start` to the leaves of a tree, rounded to single precision like the sum."""
    values = [np.float32(start) + np.float32(node.value[0]) if isinstance(node, Leaf) else 0.0 for node in tree]
    return [Leaf((float(value),)) if isinstance(node, Leaf) else node for node, value in zip(tree, values, strict=True)]


def _each(features: Value, trees: Sequence[Tree]) -> Value:
    """Return the output of each tree, `[N, trees]`, in single precision."""
    if is_legacy():
        weights = [node.value[0] for tree in trees for node in tree if isinstance(node, Leaf)]
        return legacy_tree_outputs(features, trees, weights, np.float32)
    builder = TreeEnsembleBuilder()
    for place, tree in enumerate(trees):
        builder.add_tree(tree, place)
    return builder.outputs(features, len(trees), np.float32)


def steps(numbers: Value, edges: Sequence[float], values: Sequence[float]) -> Value:
    """Apply a step function: `values[i]` for numbers in `[edges[i - 1], edges[i])`, `[N]`."""
    return squeeze(sum_of_trees(as_column(numbers), 1, [_balanced(list(edges), list(values))], 1))


def _balanced(edges: list[float], values: list[float]) -> Tree:
    nodes: list[Node] = []

    def grow(low: int, high: int) -> int:
        place = len(nodes)
        if low == high:
            nodes.append(Leaf((values[low],)))
            return place
        middle = (low + high) // 2
        nodes.append(Leaf(()))
        left, right = grow(low, middle), grow(middle + 1, high)
        nodes[place] = SplitNode(0, left, right, edges[middle], strict=True)
        return place

    grow(0, len(edges))
    return nodes


def _with_codes(features: Value, width: int, trees: Sequence[Tree]) -> tuple[Value, list[Tree]]:
    """Replace set membership by code features, which merge the levels that no set of a group distinguishes.

    This is nearly twice as fast for dozens of levels. Features of 0 and 1, and those that need too many codes, stay.
    """
    sets = {feature: masks for feature, masks in _masks(trees).items() if max(masks) > 0b11}
    codes = {feature: _codes(list(masks)) for feature, masks in sets.items()}
    places: dict[int, int] = {}
    for feature in sorted(codes, key=lambda one: len(codes[one][0])):
        if sum(len(codes[one][0]) for one in places) + len(codes[feature][0]) <= _MOST:
            places[feature] = width + sum(len(codes[one][0]) for one in places)

    def recode(node: Node) -> Node:
        if isinstance(node, Leaf) or node.members is None or node.feature not in places:
            return node
        mask, (classes, which) = _mask(node.members), codes[node.feature]
        code = which[mask]
        members = tuple(float(number) for number, one in enumerate(classes[code], 1) if one & mask)
        return replace(node, feature=places[node.feature] + code, members=members)

    inspected = [_lookup(features, feature, _code_table(codes[feature][0])) for feature in places]
    return hstack([features, *inspected]), [[recode(node) for node in tree] for tree in trees]


def _masks(trees: Sequence[Tree]) -> dict[int, dict[int, None]]:
    """Return the membership sets of each feature as bit masks, in the order of the trees."""
    found: dict[int, dict[int, None]] = {}
    for node in (node for tree in trees for node in tree):
        if isinstance(node, SplitNode) and node.members is not None:
            found.setdefault(node.feature, {})[_mask(node.members)] = None
    return found


def _mask(members: Sequence[float]) -> int:
    return sum(1 << int(one) for one in members)


def _codes(masks: Sequence[int]) -> tuple[list[list[int]], dict[int, int]]:
    """Return the codes, each as the masks of the values with code 1, 2 …, and the code to test for each set."""
    whole = [(1 << max(mask.bit_length() for mask in masks) + 1) - 1]
    codes: list[list[int]] = [whole]
    which: dict[int, int] = {}
    for mask in masks:
        parts = _parts(codes[-1], mask)
        if len(parts) <= _MASK:
            codes[-1] = parts
        else:
            codes.append(_parts(whole, mask))
        which[mask] = len(codes) - 1
    return codes, which


def _parts(classes: Sequence[int], mask: int) -> list[int]:
    return [part for one in classes for part in (one & mask, one & ~mask) if part]


def _code_table(codes: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
    """Return the codes of each value, `[values, codes]`; the last row is for all larger values."""
    table = np.zeros((max(max(classes) for classes in codes).bit_length(), len(codes)))
    for place, classes in enumerate(codes):
        for number, mask in enumerate(classes, 1):
            table[[value for value in range(len(table)) if mask >> value & 1], place] = number
    return table


def _without_members(features: Value, width: int, trees: Sequence[Tree]) -> tuple[Value, list[Tree]]:
    """Replace set membership, which older opsets lack, by one 0/1 feature for each set, looked up by value."""
    asked = [node for tree in trees for node in tree if isinstance(node, SplitNode) and node.members is not None]
    sets = sorted({(node.feature, tuple(sorted(node.members or ()))) for node in asked})
    if not sets:
        return features, [list(tree) for tree in trees]
    place = {one: width + rank for rank, one in enumerate(sets)}
    inspected = [_membership(features, feature, [one for one in sets if one[0] == feature]) for feature in dict(sets)]

    def recode(node: Node) -> Node:
        if isinstance(node, Leaf) or node.members is None:
            return node
        own = place[node.feature, tuple(sorted(node.members))]
        return SplitNode(own, node.right, node.left, at=0.5, missing_left=True)

    return hstack([features, *inspected]), [[recode(node) for node in tree] for tree in trees]


def _membership(features: Value, feature: int, sets: Sequence[tuple[int, tuple[float, ...]]]) -> Value:
    highest = int(max(max(members, default=0.0) for _, members in sets))
    table = np.zeros((highest + 2, len(sets)))
    for rank, (_, members) in enumerate(sets):
        table[np.array(members, dtype=np.int64), rank] = 1.0
    return _lookup(features, feature, table)


def _lookup(features: Value, feature: int, table: npt.NDArray[np.float64]) -> Value:
    """Return the rows of a table at the values of a feature; larger values have the last row."""
    column = op("squeeze", take_columns(features, [feature]), constant([1], np.int64))
    bounded = op("min", [column, constant(float(len(table) - 1))])
    return op("gather", constant(table), op("cast", bounded, to=np.int64), axis=0)

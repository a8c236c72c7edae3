"""Decision trees as one operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import beside, picked
from spark_jobs.ops.dialect import constant, is_older, ml_op, op

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value

_LEQ, _LT, _MEMBER = 0, 1, 6


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of a tree, and what it says of each target."""

    worth: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """A question: is feature `feature` at most `at` (below it where `strict`), or one of `members`; yes is `left`.

    A missing value is a yes where `missing_left`.
    """

    feature: int
    left: int
    right: int
    at: float = 0.0
    strict: bool = False
    members: tuple[float, ...] | None = None
    missing_left: bool = False


Node = Leaf | Split
Tree = Sequence[Node]  # the root first; `left` and `right` are places in it


def sum_of_trees(features: Value, width: int, trees: Sequence[Tree], targets: int) -> Value:
    """What all trees say together, added up, `[N, targets]`; features are `[N, width]`."""
    if is_older():
        return _regressor(*_without_members(features, width, trees), targets)
    return _ensemble(features, trees, targets)


def steps(numbers: Value, edges: Sequence[float], worth: Sequence[float]) -> Value:
    """A function that jumps: `worth[i]` for a number at or above `edges[i - 1]` and below `edges[i]`, `[N]`."""
    from spark_jobs.ops.arithmetic import flat, upright

    return flat(sum_of_trees(upright(numbers), 1, [_balanced(list(edges), list(worth))], 1))


def _balanced(edges: list[float], worth: list[float]) -> Tree:
    nodes: list[Node] = []

    def grow(low: int, high: int) -> int:
        place = len(nodes)
        if low == high:
            nodes.append(Leaf((worth[low],)))
            return place
        middle = (low + high) // 2
        nodes.append(Leaf(()))
        left, right = grow(low, middle), grow(middle + 1, high)
        nodes[place] = Split(0, left, right, edges[middle], strict=True)
        return place

    grow(0, len(edges))
    return nodes


@dataclass
class _Table:
    """The attributes of a TreeEnsemble, inner nodes and leaves apart."""

    features: list[int] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    true: list[tuple[int, int]] = field(default_factory=list)
    false: list[tuple[int, int]] = field(default_factory=list)
    members: list[float] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)

    def plant(self, tree: Tree, target: int) -> None:
        """Add a tree that speaks of one target."""
        self.roots.append(len(self.features))
        if isinstance(tree[0], Leaf):
            tree = (Split(0, 1, 1), tree[0])
        inner = {place: len(self.features) + rank for rank, place in enumerate(_inner(tree))}
        leaves = {place: len(self.weights) + rank for rank, place in enumerate(_leaves(tree))}
        places = {place: (0, number) for place, number in inner.items()} | {
            place: (1, number) for place, number in leaves.items()
        }
        for place in inner:
            self._split(tree[place], places)
        for place in leaves:
            self.targets.append(target)
            self.weights.append(tree[place].worth[target])  # type: ignore[union-attr]

    def _split(self, node: Node, places: dict[int, tuple[int, int]]) -> None:
        assert isinstance(node, Split)
        self.features.append(node.feature)
        self.splits.append(node.at)
        self.modes.append(_MEMBER if node.members is not None else _LT if node.strict else _LEQ)
        self.missing.append(int(node.missing_left))
        self.true.append(places[node.left])
        self.false.append(places[node.right])
        if node.members is not None:
            self.members += [*node.members, float("nan")]


def _inner(tree: Tree) -> list[int]:
    return [place for place, node in enumerate(tree) if isinstance(node, Split)]


def _leaves(tree: Tree) -> list[int]:
    return [place for place, node in enumerate(tree) if isinstance(node, Leaf)]


def _ensemble(features: Value, trees: Sequence[Tree], targets: int) -> Value:
    table = _Table()
    for tree in trees:
        for target in range(targets):
            if targets == 1 or any(isinstance(node, Leaf) and node.worth[target] for node in tree):
                table.plant(tree, target)
    return ml_op(
        "tree_ensemble",
        features,
        leaf_targetids=table.targets,
        leaf_weights=np.array(table.weights),
        membership_values=np.array(table.members) if table.members else None,
        n_targets=targets,
        nodes_featureids=table.features,
        nodes_modes=np.array(table.modes, dtype=np.uint8),
        nodes_splits=np.array(table.splits),
        nodes_missing_value_tracks_true=table.missing,
        nodes_trueleafs=[leaf for leaf, _ in table.true],
        nodes_truenodeids=[number for _, number in table.true],
        nodes_falseleafs=[leaf for leaf, _ in table.false],
        nodes_falsenodeids=[number for _, number in table.false],
        tree_roots=table.roots,
    )


def _without_members(features: Value, width: int, trees: Sequence[Tree]) -> tuple[Value, list[Tree]]:
    """The same trees without membership: each set a 0/1 feature of its own, looked up by the position in it."""
    asked = [node for tree in trees for node in tree if isinstance(node, Split) and node.members is not None]
    sets = sorted({(node.feature, tuple(sorted(node.members or ()))) for node in asked})
    if not sets:
        return features, [list(tree) for tree in trees]
    place = {one: width + rank for rank, one in enumerate(sets)}
    looked = [_membership(features, feature, [one for one in sets if one[0] == feature]) for feature in _firsts(sets)]

    def mended(node: Node) -> Node:
        if isinstance(node, Leaf) or node.members is None:
            return node
        own = place[node.feature, tuple(sorted(node.members))]
        return Split(own, node.right, node.left, at=0.5, missing_left=True)

    return beside([features, *looked]), [[mended(node) for node in tree] for tree in trees]


def _firsts(sets: Sequence[tuple[int, tuple[float, ...]]]) -> list[int]:
    return list(dict.fromkeys(feature for feature, _ in sets))


def _membership(features: Value, feature: int, sets: Sequence[tuple[int, tuple[float, ...]]]) -> Value:
    highest = int(max(max(members, default=0.0) for _, members in sets))
    table = np.zeros((highest + 2, len(sets)))
    for rank, (_, members) in enumerate(sets):
        table[np.array(members, dtype=np.int64), rank] = 1.0
    column = op("squeeze", picked(features, [feature]), constant([1], np.int64))
    bounded = op("min", [column, constant(float(highest + 1))])
    return op("gather", constant(table), op("cast", bounded, to=np.int64), axis=0)


def _regressor(features: Value, trees: Sequence[Tree], targets: int) -> Value:
    nodes = [(number, place, node) for number, tree in enumerate(trees) for place, node in enumerate(tree)]
    leaves = [(number, place, node) for number, place, node in nodes if isinstance(node, Leaf)]
    return ml_op(
        "tree_ensemble_regressor",
        features,
        n_targets=targets,
        nodes_treeids=[number for number, _, _ in nodes],
        nodes_nodeids=[place for _, place, _ in nodes],
        nodes_featureids=[node.feature if isinstance(node, Split) else 0 for _, _, node in nodes],
        nodes_values_as_tensor=_doubles([node.at if isinstance(node, Split) else 0.0 for _, _, node in nodes]),
        nodes_modes=[_mode(node) for _, _, node in nodes],
        nodes_truenodeids=[node.left if isinstance(node, Split) else 0 for _, _, node in nodes],
        nodes_falsenodeids=[node.right if isinstance(node, Split) else 0 for _, _, node in nodes],
        nodes_missing_value_tracks_true=[int(isinstance(node, Split) and node.missing_left) for _, _, node in nodes],
        target_treeids=[number for number, _, _ in leaves for _ in range(targets)],
        target_nodeids=[place for _, place, _ in leaves for _ in range(targets)],
        target_ids=[target for _ in leaves for target in range(targets)],
        target_weights_as_tensor=_doubles([one for _, _, leaf in leaves for one in leaf.worth]),
    )


def _doubles(values: Sequence[float]) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def _mode(node: Node) -> str:
    if isinstance(node, Leaf):
        return "LEAF"
    return "BRANCH_LT" if node.strict else "BRANCH_LEQ"

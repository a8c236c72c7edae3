"""Decision trees as one operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.ops.arithmetic import beside, picked
from spark_jobs.ops.dialect import constant, is_older, ml_op, op

if TYPE_CHECKING:
    import numpy.typing as npt

    from spark_jobs.ops.dialect import Value

_LEQ, _LT, _MEMBER = 0, 1, 6
_MASK = 31  # ONNX Runtime looks up one of 1 … 31 in a bit mask, any other value in several steps
_MOST = 512


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
        return _regressor(*_without_members(features, width, trees))
    return _ensemble(*_coded(features, width, trees), targets)


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
        if isinstance(tree[0], Leaf):  # two leaves: of one alone ONNX Runtime 1.32 says that of another tree
            tree = (Split(0, 1, 2), tree[0], tree[0])
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


def _coded(features: Value, width: int, trees: Sequence[Tree]) -> tuple[Value, list[Tree]]:
    """The same trees, sets asked of codes: a feature for some sets that tells apart what they ask, and no more.

    Nearly twice as fast for dozens of levels. A feature of 0 and 1 stays, and one that would need too many codes.
    """
    sets = {feature: masks for feature, masks in _masks(trees).items() if max(masks) > 0b11}
    codes = {feature: _codes(list(masks)) for feature, masks in sets.items()}
    places: dict[int, int] = {}
    for feature in sorted(codes, key=lambda one: len(codes[one][0])):
        if sum(len(codes[one][0]) for one in places) + len(codes[feature][0]) <= _MOST:
            places[feature] = width + sum(len(codes[one][0]) for one in places)

    def mended(node: Node) -> Node:
        if isinstance(node, Leaf) or node.members is None or node.feature not in places:
            return node
        mask, (classes, which) = _mask(node.members), codes[node.feature]
        code = which[mask]
        members = tuple(float(number) for number, one in enumerate(classes[code], 1) if one & mask)
        return replace(node, feature=places[node.feature] + code, members=members)

    looked = [_looked_up(features, feature, _code_table(codes[feature][0])) for feature in places]
    return beside([features, *looked]), [[mended(node) for node in tree] for tree in trees]


def _masks(trees: Sequence[Tree]) -> dict[int, dict[int, None]]:
    """The sets that are asked of each feature, as bit masks, in the order of the trees."""
    found: dict[int, dict[int, None]] = {}
    for node in (node for tree in trees for node in tree):
        if isinstance(node, Split) and node.members is not None:
            found.setdefault(node.feature, {})[_mask(node.members)] = None
    return found


def _mask(members: Sequence[float]) -> int:
    return sum(1 << int(one) for one in members)


def _codes(masks: Sequence[int]) -> tuple[list[list[int]], dict[int, int]]:
    """Codes, each as the masks of the values that share 1, 2 … of it; and by set the code that it is asked of."""
    whole = [(1 << max(mask.bit_length() for mask in masks) + 1) - 1]
    codes: list[list[int]] = [whole]
    which: dict[int, int] = {}
    for mask in masks:
        parts = _parted(codes[-1], mask)
        if len(parts) <= _MASK:
            codes[-1] = parts
        else:
            codes.append(_parted(whole, mask))
        which[mask] = len(codes) - 1
    return codes, which


def _parted(classes: Sequence[int], mask: int) -> list[int]:
    return [part for one in classes for part in (one & mask, one & ~mask) if part]


def _code_table(codes: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
    """The codes of each value, `[values, codes]`; the last row is for all values above."""
    table = np.zeros((max(max(classes) for classes in codes).bit_length(), len(codes)))
    for place, classes in enumerate(codes):
        for number, mask in enumerate(classes, 1):
            table[[value for value in range(len(table)) if mask >> value & 1], place] = number
    return table


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
    return _looked_up(features, feature, table)


def _looked_up(features: Value, feature: int, table: npt.NDArray[np.float64]) -> Value:
    """The rows of a table at the values of a feature; what is above them all has the last row."""
    column = op("squeeze", picked(features, [feature]), constant([1], np.int64))
    bounded = op("min", [column, constant(float(len(table) - 1))])
    return op("gather", constant(table), op("cast", bounded, to=np.int64), axis=0)


def _regressor(features: Value, trees: Sequence[Tree]) -> Value:
    """What older runtimes say is in single precision: only which leaf a row comes to is asked of them, `[N, trees]`."""
    nodes = [(number, place, node) for number, tree in enumerate(trees) for place, node in enumerate(tree)]
    leaves = [(number, place) for number, place, node in nodes if isinstance(node, Leaf)]
    found = ml_op(
        "tree_ensemble_regressor",
        features,
        n_targets=len(trees),
        nodes_treeids=[number for number, _, _ in nodes],
        nodes_nodeids=[place for _, place, _ in nodes],
        nodes_featureids=[node.feature if isinstance(node, Split) else 0 for _, _, node in nodes],
        nodes_values_as_tensor=_doubles([node.at if isinstance(node, Split) else 0.0 for _, _, node in nodes]),
        nodes_modes=[_mode(node) for _, _, node in nodes],
        nodes_truenodeids=[node.left if isinstance(node, Split) else 0 for _, _, node in nodes],
        nodes_falsenodeids=[node.right if isinstance(node, Split) else 0 for _, _, node in nodes],
        nodes_missing_value_tracks_true=[int(isinstance(node, Split) and node.missing_left) for _, _, node in nodes],
        target_treeids=[number for number, _ in leaves],
        target_nodeids=[place for _, place in leaves],
        target_ids=[number for number, _ in leaves],
        target_weights_as_tensor=_doubles(range(len(leaves))),
    )
    worth = np.array([node.worth for _, _, node in nodes if isinstance(node, Leaf)])
    said = op("gather", constant(worth), op("cast", found, to=np.int64), axis=0)
    return op("reduce_sum", said, constant([1], np.int64), keepdims=0)


def _doubles(values: Sequence[float]) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def _mode(node: Node) -> str:
    if isinstance(node, Leaf):
        return "LEAF"
    return "BRANCH_LT" if node.strict else "BRANCH_LEQ"

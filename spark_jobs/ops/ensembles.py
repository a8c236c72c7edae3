"""The ONNX operators for decision trees: `TreeEnsemble`, and `TreeEnsembleRegressor` of older opsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.ops.dialect import ml_op
from spark_jobs.ops.tree_nodes import Leaf, Node, SplitNode, Tree

if TYPE_CHECKING:
    from spark_jobs.ops.dialect import Value

    Kind = type[np.float32 | np.float64]

_LEQ, _LT, _MEMBER = 0, 1, 6


@dataclass
class TreeEnsembleBuilder:
    """Trees as the attributes of `TreeEnsemble`, with inner nodes and leaves separate; each tree has one target."""

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

    def add_tree(self, tree: Tree, target: int, output: int = 0) -> None:
        """Add a tree for a target; `output` is the index of the number to use in each leaf."""
        self.roots.append(len(self.features))
        if isinstance(tree[0], Leaf):  # ONNX Runtime 1.32 returns another tree's leaf for a single leaf
            tree = (SplitNode(0, 1, 2), tree[0], tree[0])
        splits = [place for place, node in enumerate(tree) if isinstance(node, SplitNode)]
        inner = {place: len(self.features) + rank for rank, place in enumerate(splits)}
        ends = [place for place, node in enumerate(tree) if isinstance(node, Leaf)]
        leaves = {place: len(self.weights) + rank for rank, place in enumerate(ends)}
        places = {place: (0, number) for place, number in inner.items()} | {
            place: (1, number) for place, number in leaves.items()
        }
        for place in inner:
            self._split(tree[place], places)
        for place in leaves:
            self.targets.append(target)
            self.weights.append(tree[place].value[output])  # type: ignore[union-attr]

    def _split(self, node: Node, places: dict[int, tuple[int, int]]) -> None:
        assert isinstance(node, SplitNode)
        self.features.append(node.feature)
        self.splits.append(node.at)
        self.modes.append(_MEMBER if node.members is not None else _LT if node.strict else _LEQ)
        self.missing.append(int(node.missing_left))
        self.true.append(places[node.left])
        self.false.append(places[node.right])
        if node.members is not None:
            self.members += [*node.members, float("nan")]

    def outputs(self, features: Value, targets: int, kind: Kind) -> Value:
        """Return the sum of the trees by target, `[N, targets]`, for features `[N, width]`, in one precision."""
        return ml_op(
            "tree_ensemble",
            features,
            leaf_targetids=self.targets,
            leaf_weights=np.array(self.weights, dtype=kind),
            membership_values=np.array(self.members, dtype=kind) if self.members else None,
            n_targets=targets,
            nodes_featureids=self.features,
            nodes_modes=np.array(self.modes, dtype=np.uint8),
            nodes_splits=np.array(self.splits, dtype=kind),
            nodes_missing_value_tracks_true=self.missing,
            nodes_trueleafs=[leaf for leaf, _ in self.true],
            nodes_truenodeids=[number for _, number in self.true],
            nodes_falseleafs=[leaf for leaf, _ in self.false],
            nodes_falsenodeids=[number for _, number in self.false],
            tree_roots=self.roots,
        )


def legacy_tree_outputs(features: Value, trees: Sequence[Tree], weights: Sequence[float], kind: Kind) -> Value:
    """Return each tree's leaf weight with older opsets, `[N, trees]` in single precision.

    Thresholds have the precision of the features. `weights` are those of all leaves, tree by tree.
    """
    nodes = [(number, place, node) for number, tree in enumerate(trees) for place, node in enumerate(tree)]
    leaves = [(number, place) for number, place, node in nodes if isinstance(node, Leaf)]
    return ml_op(
        "tree_ensemble_regressor",
        features,
        n_targets=len(trees),
        nodes_treeids=[number for number, _, _ in nodes],
        nodes_nodeids=[place for _, place, _ in nodes],
        nodes_featureids=[node.feature if isinstance(node, SplitNode) else 0 for _, _, node in nodes],
        nodes_modes=[_mode(node) for _, _, node in nodes],
        nodes_truenodeids=[node.left if isinstance(node, SplitNode) else 0 for _, _, node in nodes],
        nodes_falsenodeids=[node.right if isinstance(node, SplitNode) else 0 for _, _, node in nodes],
        nodes_missing_value_tracks_true=[
            int(isinstance(node, SplitNode) and node.missing_left) for _, _, node in nodes
        ],
        target_treeids=[number for number, _ in leaves],
        target_nodeids=[place for _, place in leaves],
        target_ids=[number for number, _ in leaves],
        **_numbers("nodes_values", [node.at if isinstance(node, SplitNode) else 0.0 for _, _, node in nodes], kind),
        **_numbers("target_weights", weights, kind),
    )


def _numbers(name: str, values: Sequence[float], kind: Kind) -> dict[str, Any]:
    """Return a numeric attribute, whose name depends on the precision."""
    if kind is np.float32:
        return {name: list(values)}
    return {f"{name}_as_tensor": np.array(values, dtype=kind)}


def _mode(node: Node) -> str:
    if isinstance(node, Leaf):
        return "LEAF"
    return "BRANCH_LT" if node.strict else "BRANCH_LEQ"

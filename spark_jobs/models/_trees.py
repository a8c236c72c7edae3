"""What the tree families share: options, arguments of Spark's estimators, and graphs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from spark_jobs.models import FitContext, Options
from spark_jobs.models._decision import of_scores, two
from spark_jobs.ops.arithmetic import as_column, divide, hstack, multiply, normalized, sigmoid, squeeze
from spark_jobs.ops.output import Output
from spark_jobs.ops.tree_nodes import Leaf, Node, SplitNode, Tree
from spark_jobs.ops.trees import sum_of_trees

if TYPE_CHECKING:
    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector


class TreeOptions(Options):
    """Options of every Spark tree, under Spark's names."""

    max_depth: int = Field(8, ge=0, le=30, description="Maximum number of splits from the root to a leaf.")
    max_bins: int = Field(
        64,
        ge=2,
        le=10_000,
        description="Maximum number of bins per numeric feature. Raised to fit the category with the most levels.",
    )
    min_instances_per_node: int = Field(5, ge=1, description="Minimum number of rows in a leaf.")
    min_info_gain: float = Field(0.0, ge=0, description="Minimum reduction of impurity for a split.")
    max_memory_in_mb: int = Field(
        512, ge=16, le=8192, description="Memory in MB for the histograms of one pass. Less memory means more passes."
    )


def arguments(options: TreeOptions, context: FitContext) -> dict[str, Any]:
    """Return the arguments that every Spark tree takes.

    Spark needs a bin for each level of a category. Besides its levels, a column has one for null and one for unseen.
    """
    return {
        **context.columns,
        "maxDepth": options.max_depth,
        "maxBins": max(options.max_bins, context.arity + 2),
        "minInstancesPerNode": options.min_instances_per_node,
        "minInfoGain": options.min_info_gain,
        "maxMemoryInMB": options.max_memory_in_mb,
        "seed": context.seed,
    }


def graph_of_one(stage: Stage, features: Vector, classes: int) -> Output:
    """Build the graph of one tree: a number, or the class frequencies in a leaf."""
    return _answer(stage, features, [stage.rows()], classes)


def graph_of_many(stage: Stage, features: Vector, classes: int) -> Output:
    """Build the graph of a forest: the mean of its trees' numbers or class frequencies."""
    return _answer(stage, features, _by_tree(stage), classes)


def graph_of_sum(stage: Stage, features: Vector, classes: int) -> Output:
    """Build the graph of boosted trees: their weighted sum, which for two classes is half the log odds."""
    # By place: Spark 4.2 writes number, metadata and weight as _1, _2 and _3, earlier versions under names.
    weights = {number: weight for number, _, weight in (row.values() for row in stage.rows("treesMetadata"))}
    trees = [_tree(nodes, 0, weights[number]) for number, nodes in enumerate(_by_tree(stage))]
    whole = squeeze(sum_of_trees(features.dense(), features.width, trees, 1))
    if not classes:
        return Output(value=whole)
    margins = hstack([as_column(multiply(whole, -1.0)), as_column(whole)])
    return of_scores(stage, margins, two(sigmoid(multiply(whole, 2.0))))


def _answer(stage: Stage, features: Vector, trees: Sequence[Sequence[Mapping[str, Any]]], classes: int) -> Output:
    planted = [_tree(nodes, classes) for nodes in trees]
    whole = sum_of_trees(features.dense(), features.width, planted, classes or 1)
    if not classes:
        return Output(value=divide(squeeze(whole), float(len(planted))))
    return of_scores(stage, whole, normalized(whole))


def _by_tree(stage: Stage) -> list[list[Mapping[str, Any]]]:
    trees: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in stage.rows():
        trees[row["treeID"]].append(row["nodeData"])
    return [trees[number] for number in sorted(trees)]


def _tree(nodes: Sequence[Mapping[str, Any]], classes: int, weight: float = 1.0) -> Tree:
    ordered = sorted(nodes, key=lambda node: int(node["id"]))
    return [_node(node, classes, weight) for node in ordered]


def _node(node: Mapping[str, Any], classes: int, weight: float) -> Node:
    left, right = node["leftChild"], node["rightChild"]
    if left >= 0:
        return _split(node["split"], left, right)
    if not classes:
        return Leaf((node["prediction"] * weight,))
    total = sum(node["impurityStats"])
    return Leaf(tuple(count / total if total else 0.0 for count in node["impurityStats"]))


def _split(split: Mapping[str, Any], left: int, right: int) -> SplitNode:
    """Return a split by threshold or categories. Spark stores the smaller side; all other categories go opposite."""
    feature, arity, values = split["featureIndex"], split["numCategories"], split["leftCategoriesOrThreshold"]
    if arity == -1:
        return SplitNode(feature, left, right, values[0])
    if len(values) <= arity // 2:
        return SplitNode(feature, left, right, members=tuple(values))
    others = tuple(float(one) for one in range(arity) if one not in values)
    return SplitNode(feature, right, left, members=others)

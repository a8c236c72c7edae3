"""Spark's own gradient-boosted trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from spark_jobs.models import Algorithm, Shape, _slots, _trees
from spark_jobs.models._trees import TreeOptions, arguments

if TYPE_CHECKING:
    from pyspark.ml import Estimator


class BoostedTreesOptions(TreeOptions):
    """Options of boosted trees."""

    trees: int = Field(50, ge=1, le=10_000, description="Trees, grown one after the other.")
    max_depth: int = Field(5, ge=0, le=30, description="Splits from the root to a leaf at most.")
    learning_rate: float = Field(0.2, gt=0, le=1, description="How much of each tree is taken.")
    subsample: float = Field(1.0, gt=0, le=1, description="Rows drawn for each tree, as a share of all.")


def _arguments(options: BoostedTreesOptions, shape: Shape) -> dict[str, Any]:
    return {
        **arguments(options, shape),
        "maxIter": options.trees,
        "stepSize": options.learning_rate,
        "subsamplingRate": options.subsample,
    }


def _regression(options: BoostedTreesOptions, shape: Shape) -> Estimator[Any]:
    from pyspark.ml.regression import GBTRegressor

    return GBTRegressor(**_arguments(options, shape))


def _binary(options: BoostedTreesOptions, shape: Shape) -> Estimator[Any]:
    from pyspark.ml.classification import GBTClassifier

    return GBTClassifier(**_arguments(options, shape))


ALGORITHM = Algorithm(
    title="gradient-boosted trees",
    options=BoostedTreesOptions,
    estimators={"regression": _regression, "binary": _binary},
    instead={"multiclass": "For more than two classes use `model.kind: xgboost` or `forest`."},
    categories="label",
    scaled=False,
    task_rows=10_000,
    importances=_slots.of_trees,
    saved=("GBTRegressionModel", "GBTClassificationModel"),
    graph=_trees.graph_of_sum,
)

"""Random forest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from spark_jobs.models import Algorithm, Shape, _slots, _trees
from spark_jobs.models._trees import TreeOptions, arguments

if TYPE_CHECKING:
    from pyspark.ml import Estimator


_Features = Literal["auto", "all", "sqrt", "log2", "onethird"] | Annotated[float, Field(gt=0, le=1)]


class ForestOptions(TreeOptions):
    """Options of a random forest."""

    trees: int = Field(50, ge=1, le=10_000, description="Trees in the forest.")
    max_depth: int = Field(10, ge=0, le=30, description="Splits from the root to a leaf at most.")
    min_rows: int = Field(2, ge=1, description="Rows in a leaf at least.")
    subsample: float = Field(1.0, gt=0, le=1, description="Rows drawn for each tree, as a share of all.")
    features_per_split: _Features = Field(
        "auto",
        description="Features tried at a split: a rule or a share. auto: a third for a number, sqrt for a class.",
    )


def _arguments(options: ForestOptions, shape: Shape) -> dict[str, Any]:
    return {
        **arguments(options, shape),
        "numTrees": options.trees,
        "subsamplingRate": options.subsample,
        "featureSubsetStrategy": str(options.features_per_split),
    }


def _regression(options: ForestOptions, shape: Shape) -> Estimator[Any]:
    from pyspark.ml.regression import RandomForestRegressor

    return RandomForestRegressor(**_arguments(options, shape))


def _classes(options: ForestOptions, shape: Shape) -> Estimator[Any]:
    from pyspark.ml.classification import RandomForestClassifier

    return RandomForestClassifier(**_arguments(options, shape))


ALGORITHM = Algorithm(
    title="random forest",
    options=ForestOptions,
    estimators={"regression": _regression, "binary": _classes, "multiclass": _classes},
    categories="label",
    scaled=False,
    task_rows=2_000,
    importances=_slots.of_trees,
    saved=("RandomForestRegressionModel", "RandomForestClassificationModel"),
    graph=_trees.graph_of_many,
)

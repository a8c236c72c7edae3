"""Random forest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from spark_jobs.models import Algorithm, FitContext, NumberRange, SearchSpace, TableShape, _importances, _trees
from spark_jobs.models._trees import TreeOptions, arguments

if TYPE_CHECKING:
    from pyspark.ml import Estimator


_Features = Literal["auto", "all", "sqrt", "log2", "onethird"] | Annotated[float, Field(gt=0, le=1)]


class ForestOptions(TreeOptions):
    """Options of a random forest, under Spark's names."""

    num_trees: int = Field(50, ge=1, le=10_000, description="Number of trees.")
    max_depth: int = Field(10, ge=0, le=30, description="Maximum number of splits from the root to a leaf.")
    min_instances_per_node: int = Field(2, ge=1, description="Minimum number of rows in a leaf.")
    subsampling_rate: float = Field(1.0, gt=0, le=1, description="Fraction of the rows that each tree is trained on.")
    feature_subset_strategy: _Features = Field(
        "auto",
        description="Features considered at each split: a rule or a fraction. "
        "auto is `onethird` for regression and `sqrt` for classification.",
    )


def _arguments(options: ForestOptions, context: FitContext) -> dict[str, Any]:
    return {
        **arguments(options, context),
        "numTrees": options.num_trees,
        "subsamplingRate": options.subsampling_rate,
        "featureSubsetStrategy": str(options.feature_subset_strategy),
    }


def _regression(options: ForestOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.regression import RandomForestRegressor

    return RandomForestRegressor(**_arguments(options, context))


def _classes(options: ForestOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.classification import RandomForestClassifier

    return RandomForestClassifier(**_arguments(options, context))


def _unsuitable(shape: TableShape) -> str:
    """Refuse tables on which the trees of every trial would take minutes."""
    return "too slow to compare on more than 20,000 rows" if shape.rows > 20_000 else ""


ALGORITHM = Algorithm(
    title="random forest",
    options=ForestOptions,
    estimators={"regression": _regression, "binary": _classes, "multiclass": _classes},
    categories="indices",
    numbers="any",
    task_rows=2_000,
    importances=_importances.of_trees,
    saved=("RandomForestRegressionModel", "RandomForestClassificationModel"),
    graph=_trees.graph_of_many,
    search=SearchSpace(
        parameters={
            "num_trees": NumberRange(20, 200, log=True, whole=True),
            "max_depth": NumberRange(5, 20, whole=True),
            "min_instances_per_node": NumberRange(1, 20, log=True, whole=True),
            "feature_subset_strategy": NumberRange(0.2, 1.0),
            "subsampling_rate": NumberRange(0.5, 1.0),
        },
        portfolio=lambda shape: [{"num_trees": 100, "max_depth": 15, "min_instances_per_node": 1}],
        unsuitable=_unsuitable,
        stand_in=True,
        order=2,
    ),
)

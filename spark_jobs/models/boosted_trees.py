"""Spark's own gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from spark_jobs.models import Algorithm, FitContext, NumberRange, SearchSpace, TableShape, _importances, _trees
from spark_jobs.models._trees import TreeOptions, arguments
from spark_jobs.models._wording import TREE_COUNT

if TYPE_CHECKING:
    from pyspark.ml import Estimator


class BoostedTreesOptions(TreeOptions):
    """Options of boosted trees, under Spark's names."""

    synonyms: ClassVar[Mapping[str, str]] = dict.fromkeys(TREE_COUNT, "max_iter")

    max_iter: int = Field(50, ge=1, le=10_000, description="Number of trees. Each boosting iteration adds one.")
    max_depth: int = Field(5, ge=0, le=30, description="Maximum number of splits from the root to a leaf.")
    step_size: float = Field(0.2, gt=0, le=1, description="Factor that shrinks the contribution of each tree.")
    subsampling_rate: float = Field(1.0, gt=0, le=1, description="Fraction of the rows that each tree is trained on.")


def _arguments(options: BoostedTreesOptions, context: FitContext) -> dict[str, Any]:
    return {
        **arguments(options, context),
        "maxIter": options.max_iter,
        "stepSize": options.step_size,
        "subsamplingRate": options.subsampling_rate,
    }


def _regression(options: BoostedTreesOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.regression import GBTRegressor

    return GBTRegressor(**_arguments(options, context))


def _binary(options: BoostedTreesOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.classification import GBTClassifier

    return GBTClassifier(**_arguments(options, context))


def _unsuitable(shape: TableShape) -> str:
    """Refuse tables on which the trees of every trial would take minutes, as each is grown after the other."""
    return "too slow to compare on more than 20,000 rows" if shape.rows > 20_000 else ""


ALGORITHM = Algorithm(
    title="gradient-boosted trees",
    options=BoostedTreesOptions,
    estimators={"regression": _regression, "binary": _binary},
    categories="indices",
    numbers="any",
    task_rows=10_000,
    importances=_importances.of_trees,
    saved=("GBTRegressionModel", "GBTClassificationModel"),
    graph=_trees.graph_of_sum,
    search=SearchSpace(
        parameters={
            "max_iter": NumberRange(20, 200, log=True, whole=True),
            "max_depth": NumberRange(3, 8, whole=True),
            "step_size": NumberRange(0.03, 0.3, log=True),
            "min_instances_per_node": NumberRange(1, 50, log=True, whole=True),
            "subsampling_rate": NumberRange(0.5, 1.0),
        },
        portfolio=lambda shape: [{"max_iter": 100, "step_size": 0.1}],
        unsuitable=_unsuitable,
        stand_in=True,
        order=2,
    ),
)

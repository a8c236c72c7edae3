"""One decision tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.models import Algorithm, FitContext, NumberRange, SearchSpace, _importances, _trees
from spark_jobs.models._trees import TreeOptions, arguments

if TYPE_CHECKING:
    from pyspark.ml import Estimator


def _regression(options: TreeOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.regression import DecisionTreeRegressor

    return DecisionTreeRegressor(**arguments(options, context))


def _classes(options: TreeOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.classification import DecisionTreeClassifier

    return DecisionTreeClassifier(**arguments(options, context))


ALGORITHM = Algorithm(
    title="decision tree",
    options=TreeOptions,
    estimators={"regression": _regression, "binary": _classes, "multiclass": _classes},
    categories="indices",
    numbers="any",
    task_rows=10_000,
    importances=_importances.of_trees,
    saved=("DecisionTreeRegressionModel", "DecisionTreeClassificationModel"),
    graph=_trees.graph_of_one,
    search=SearchSpace(
        parameters={
            "max_depth": NumberRange(3, 20, whole=True),
            "min_instances_per_node": NumberRange(1, 100, log=True, whole=True),
            "min_info_gain": NumberRange(1e-6, 0.1, log=True),
        },
        automatic=False,
    ),
)

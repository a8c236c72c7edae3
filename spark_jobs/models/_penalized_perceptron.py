"""A multilayer perceptron with an L2 penalty, which Spark's own does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.models._lbfgs import minimize_loss
from spark_jobs.models._neural_net_in_task import fitted_weights
from spark_jobs.models._perceptron_loss import Perceptron

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.ml import Model
    from pyspark.sql import DataFrame

    from spark_jobs.models import FitContext

    Doubles = NDArray[np.float64]
    Batches = Iterator[pa.RecordBatch]

_VALUES_OF_A_TASK = 2**25  # inputs and outputs of all layers for all rows, up to which one task fits them


@dataclass(frozen=True, slots=True)
class PenalizedPerceptron:
    """Fits the weights with a penalty, and returns Spark's model of these weights.

    A small table is fitted inside one task. For a larger one, each evaluation of the loss is a Spark job that sums it
    over the partitions.

    Attributes:
        options: The options.
        context: What is known of the rows.
        spark_estimator: Builds Spark's estimator with some arguments.
    """

    options: Any
    context: FitContext
    spark_estimator: Callable[..., Any]

    def fit(self, frame: DataFrame) -> Model:
        """Fit a model on `features` and `label`."""
        from pyspark.ml.functions import vector_to_array
        from pyspark.ml.linalg import Vectors
        from pyspark.sql import functions as F

        names = self.context.columns
        rows = frame.select(vector_to_array(F.col(names["featuresCol"])), names["labelCol"])
        small = self.context.rows * sum(self._perceptron.layers) <= _VALUES_OF_A_TASK
        weights = self._in_one_task(rows.coalesce(1)) if small else self._over_partitions(rows)
        with_weights = self.spark_estimator(maxIter=0, initialWeights=Vectors.dense(weights.tolist()))
        model: Model = with_weights.fit(frame.limit(1))
        return model

    @property
    def _perceptron(self) -> Perceptron:
        return Perceptron((self.context.width, *self.options.hidden_layers, self.context.classes))

    def _in_one_task(self, rows: DataFrame) -> Doubles:
        options, perceptron, seed = self.options, self._perceptron, self.context.seed

        def run(batches: Batches) -> Batches:
            features, label = _arrays(batches, perceptron.layers[0])
            yield _row(weights=fitted_weights(options, perceptron, features, label, seed).tolist())

        return np.array(rows.mapInArrow(run, "weights array<double>").collect()[0]["weights"])

    def _over_partitions(self, rows: DataFrame) -> Doubles:
        options, perceptron = self.options, self._perceptron

        def loss(weights: Doubles) -> tuple[float, Doubles]:
            def run(batches: Batches) -> Batches:
                features, label = _arrays(batches, perceptron.layers[0])
                total, gradient = perceptron.loss(weights, features, label)
                yield _row(rows=len(label), loss=total, gradient=gradient.tolist())

            parts = rows.mapInArrow(run, "rows long, loss double, gradient array<double>").collect()
            count = sum(part["rows"] for part in parts)
            penalty, slope = perceptron.penalty(weights, options.reg_param)
            gradient = np.sum([part["gradient"] for part in parts], axis=0)
            return sum(part["loss"] for part in parts) / count + penalty, gradient / count + slope

        return minimize_loss(loss, perceptron.initial_weights(self.context.seed), options.max_iter, options.tol)


def _row(**values: Any) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pydict({name: [value] for name, value in values.items()})


def _arrays(batches: Batches, width: int) -> tuple[Doubles, NDArray[np.int64]]:
    """Return the features `[N, width]` and labels of a partition."""
    parts = list(batches)
    features = [batch.column(0).flatten().to_numpy().reshape(-1, width) for batch in parts]
    labels = [batch.column(1).to_numpy().astype(np.int64) for batch in parts]
    return np.concatenate([np.empty((0, width)), *features]), np.concatenate([np.empty(0, np.int64), *labels])

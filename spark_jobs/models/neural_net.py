"""Multilayer perceptron: sigmoid hidden layers, softmax output."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from spark_jobs.bundle.stages import vector
from spark_jobs.models import Algorithm, Options, Shape
from spark_jobs.models._answers import of_scores
from spark_jobs.ops.answer import Answer
from spark_jobs.ops.arithmetic import add, matmul, sigmoid, softmax

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector

_Units = Annotated[int, Field(ge=1, le=10_000)]


class NeuralNetOptions(Options):
    """Options of the multilayer perceptron."""

    layers: tuple[_Units, ...] = Field(
        (32,), strict=False, max_length=8, description="Units of each hidden layer; [] leaves none."
    )
    max_iterations: int = Field(100, ge=1, le=100_000, description="Passes over the data at most.")
    tolerance: float = Field(1e-5, gt=0, lt=1, description="Relative change below which the search ends.")
    block_rows: int = Field(128, ge=1, le=100_000, description="Rows multiplied as one matrix.")


def _classes(options: NeuralNetOptions, shape: Shape) -> Estimator[Any]:
    from pyspark.ml.classification import MultilayerPerceptronClassifier

    return MultilayerPerceptronClassifier(
        **shape.columns,
        layers=[shape.width, *options.layers, shape.classes],
        maxIter=options.max_iterations,
        tol=options.tolerance,
        blockSize=options.block_rows,
        seed=shape.seed,
    )


def _graph(stage: Stage, features: Vector, classes: int) -> Answer:
    weights, layers = vector(stage.row()["weights"]), stage.params["layers"]
    stage.expect_classes(layers[-1], classes)
    values, start = None, 0
    for width, units in pairwise(layers):
        end = start + width * units
        matrix, bias = weights[start:end].reshape(width, units), weights[end : end + units][None, :]
        inner = features.times(matrix) if values is None else matmul(sigmoid(values), matrix)
        values, start = add(inner, bias), end + units
    assert values is not None
    return of_scores(stage, values, softmax(values))


ALGORITHM = Algorithm(
    title="multilayer perceptron",
    options=NeuralNetOptions,
    estimators={"binary": _classes, "multiclass": _classes},
    instead={"regression": "For a number use `model.kind: xgboost`, `boosted_trees`, `forest` or `linear`."},
    weighted=False,
    task_rows=2_000,
    saved=("MultilayerPerceptronClassificationModel",),
    graph=_graph,
)

"""Multilayer perceptron: sigmoid hidden layers, softmax output."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field

from spark_jobs.bundle.stages import vector
from spark_jobs.models import Algorithm, Choices, FitContext, NumberRange, Options, SearchSpace, Settings, TableShape
from spark_jobs.models._decision import of_scores
from spark_jobs.models._neural_net_in_task import fit_in_task
from spark_jobs.models._penalized_perceptron import PenalizedPerceptron
from spark_jobs.ops.arithmetic import add, matmul, sigmoid, softmax
from spark_jobs.ops.output import Output

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector

_FEW_ROWS = 200
_CELLS = 1_000_000  # with 64 hidden units and 200 iterations, about ten seconds a fit
_Units = Annotated[int, Field(ge=1, le=10_000)]


class NeuralNetOptions(Options):
    """Options of the multilayer perceptron, under Spark's names except for `hidden_layers` and `reg_param`."""

    hidden_layers: tuple[_Units, ...] = Field(
        (32,),
        strict=False,
        max_length=8,
        description="Number of units in each hidden layer; [] for none. "
        "Spark's `layers` without the input and output layer, which follow from the data.",
    )
    max_iter: int = Field(100, ge=1, le=100_000, description="Maximum number of iterations.")
    tol: float = Field(
        1e-5, gt=0, lt=1, description="Convergence tolerance: relative change at which the iterations stop."
    )
    reg_param: float = Field(
        1e-6,
        ge=0,
        description="Strength of the L2 penalty on the weights, which keeps probabilities from being overconfident. "
        "0 is Spark's own fit, which has none; otherwise the loss is minimized in Python tasks.",
    )
    block_size: int = Field(128, ge=1, le=100_000, description="Number of rows stacked into one matrix.")


def _classes(options: NeuralNetOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.classification import MultilayerPerceptronClassifier

    build = partial(
        MultilayerPerceptronClassifier,
        **context.columns,
        layers=[context.width, *options.hidden_layers, context.classes],
        tol=options.tol,
        blockSize=options.block_size,
        seed=context.seed,
    )
    if not options.reg_param:
        return build(maxIter=options.max_iter)
    return cast("Estimator[Any]", PenalizedPerceptron(options, context, build))


def _graph(stage: Stage, features: Vector, classes: int) -> Output:
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


_PORTFOLIO: tuple[Settings, ...] = (
    {"hidden_layers": (32,), "max_iter": 400, "reg_param": 1e-6},
    {"hidden_layers": (32, 16), "max_iter": 400, "reg_param": 1e-6},
    {"hidden_layers": (64,), "max_iter": 200, "reg_param": 1e-3},
    {"hidden_layers": (16,), "max_iter": 200, "reg_param": 1e-2},
)


def _unsuitable(shape: TableShape) -> str:
    if shape.rows < _FEW_ROWS:
        return f"needs {_FEW_ROWS} rows or more"
    cells = shape.rows * shape.features
    return f"{cells:,} cells (rows by features) are more than {_CELLS:,}" if cells > _CELLS else ""


ALGORITHM = Algorithm(
    title="multilayer perceptron",
    options=NeuralNetOptions,
    estimators={"binary": _classes, "multiclass": _classes},
    weighted=False,
    iterative=("binary", "multiclass"),
    task_rows=2_000,
    saved=("MultilayerPerceptronClassificationModel",),
    graph=_graph,
    search=SearchSpace(
        parameters={
            "hidden_layers": Choices(((16,), (32,), (64,), (128,), (64, 32), (128, 64), (64, 64, 32))),
            "max_iter": NumberRange(50, 400, log=True, whole=True),
            "reg_param": NumberRange(1e-7, 1e-2, log=True),
        },
        scalings=True,
        portfolio=lambda shape: _PORTFOLIO,
        unsuitable=_unsuitable,
        order=2,
    ),
    fit_in_task=fit_in_task,
)

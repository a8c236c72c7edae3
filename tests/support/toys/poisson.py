"""An algorithm of another distribution: Poisson regression with a log link."""

from pydantic import Field

from spark_jobs.bundle.stages import vector
from spark_jobs.models import Algorithm, Options
from spark_jobs.ops.arithmetic import add, exp, squeeze
from spark_jobs.ops.output import Output


class PoissonOptions(Options):
    reg_param: float = Field(1e-6, ge=0, description="Strength of the L2 penalty.")


def _regression(options, context):
    from pyspark.ml.regression import GeneralizedLinearRegression

    return GeneralizedLinearRegression(**context.columns, family="poisson", link="log", regParam=options.reg_param)


def _graph(stage, features, classes):
    stage.expect(family="poisson", link="log")
    found = stage.row()
    return Output(value=exp(add(squeeze(features.times(vector(found["coefficients"])[:, None])), found["intercept"])))


ALGORITHM = Algorithm(
    title="Poisson regression",
    options=PoissonOptions,
    estimators={"regression": _regression},
    importances=lambda model: model.coefficients.toArray().tolist(),
    linear=True,
    saved=("GeneralizedLinearRegressionModel",),
    graph=_graph,
)

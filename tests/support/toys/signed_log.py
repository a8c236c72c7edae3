"""A step of another distribution in a role of its own: the logarithm of a number's size, with its sign."""

import numpy as np

from spark_jobs.features import NumberStep, StepRole
from spark_jobs.ops.arithmetic import add, multiply
from spark_jobs.ops.dialect import op
from spark_jobs.profile.numbers import NumberSummary

RANKS = np.linspace(0, 1, 1001)


class Transform(NumberStep):
    role = StepRole("transforms", "transform")


def _statement(sources, outputs):
    columns = [f"signum({one}) * log1p(abs({one})) AS {other}" for one, other in zip(sources, outputs, strict=True)]
    return f"SELECT *, {', '.join(columns)} FROM __THIS__"


def _stages(spark, sources, outputs, summaries):
    from pyspark.ml.feature import SQLTransformer

    return [SQLTransformer(statement=_statement(sources, outputs))]


def _summary(numbers):
    if not numbers.count:
        return numbers
    values = np.array(numbers.quantiles(RANKS.tolist()))
    return NumberSummary.of(np.sign(values) * np.log1p(np.abs(values)))


def _graph(stages, sources, outputs, values):
    stages[0].expect(statement=_statement(sources, outputs))
    return multiply(op("sign", values), op("log", add(op("abs", values), 1.0)))


STEP = Transform("signed logarithm", _stages, _summary, quantiles=True, saved=("SQLTransformer",), graph=_graph)

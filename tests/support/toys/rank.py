"""An encoder of another distribution: the index of the level as a share of the levels."""

from spark_jobs.features import Encoder
from spark_jobs.features.index import indexed
from spark_jobs.ops.arithmetic import as_column, divide, number
from spark_jobs.ops.vector import Dense


def _statement(inputs):
    shares = [f"{indexed(one.slot)} / {len(one.levels)}.0D AS {one.slot}_rank" for one in inputs]
    return f"SELECT *, {', '.join(shares)} FROM __THIS__"


def _stages(spark, inputs, encodings):
    from pyspark.ml.feature import SQLTransformer

    return [SQLTransformer(statement=_statement(inputs))]


def _outputs(inputs, targets):
    return {f"{one.slot}_rank": [f"{one.title} (rank)"] for one in inputs}


def _graph(stages, inputs, positions):
    stages[0].expect(statement=_statement(inputs))
    pairs = zip(inputs, positions, strict=True)
    return {f"{one.slot}_rank": [Dense(as_column(divide(number(at), float(len(one.levels)))), 1)] for one, at in pairs}


STEP = Encoder("rank", _stages, _outputs, saved=("SQLTransformer",), graph=_graph)

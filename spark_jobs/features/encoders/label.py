"""Label encoding: the level index as a number, which trees use as a category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_jobs.features import CategoryInput, Encoder
from spark_jobs.features.index import indexed
from spark_jobs.ops.arithmetic import as_column, number
from spark_jobs.ops.vector import Dense

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Any]) -> list[Transformer]:
    return []


def _outputs(inputs: Sequence[CategoryInput], targets: int) -> dict[str, list[str]]:
    return {indexed(one.slot): [one.title] for one in inputs}


def _graph(
    stages: Sequence[Stage], inputs: Sequence[CategoryInput], positions: Sequence[Value]
) -> dict[str, list[Block]]:
    columns = zip(_outputs(inputs, 1), positions, strict=True)
    return {name: [Dense(as_column(number(position)), 1)] for name, position in columns}


STEP = Encoder("label", _stages, _outputs, makes="indices", graph=_graph)

"""A level is a 1 in a place of its own; a level not seen in training is all zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_jobs.features import CategoryInput, Encoder
from spark_jobs.features.index import indexed

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], worth: Sequence[Any]) -> list[Transformer]:
    from pyspark.ml.feature import OneHotEncoder

    sources = [indexed(one.slot) for one in inputs]
    largest = [tuple(float(len(one.levels)) for one in inputs)]
    synopsis = spark.createDataFrame(largest, ", ".join(f"{source} double" for source in sources))
    outputs = [_outputs(one, 1)[0] for one in inputs]
    encoder = OneHotEncoder(inputCols=sources, outputCols=outputs, dropLast=True, handleInvalid="error")
    return [encoder.fit(synopsis)]


def _outputs(one: CategoryInput, targets: int) -> list[str]:
    return [f"{one.slot}_hot"]


def _slots(one: CategoryInput, targets: int) -> list[str]:
    return [f"{one.title} = {level}" for level in one.levels]


STEP = Encoder("one-hot", _stages, _outputs, _slots)

"""A level is its position; trees take it as a category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_jobs.features import CategoryInput, Encoder
from spark_jobs.features.index import indexed

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], worth: Sequence[Any]) -> list[Transformer]:
    return []


def _outputs(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    return [indexed(one.slot) for one in inputs]


def _slots(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    return [one.title for one in inputs]


STEP = Encoder("label", _stages, _outputs, _slots, nominal=True)

"""Levels → positions, for the encodings that start from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_jobs.features import CategoryInput
from spark_jobs.features.synopsis import synopsis

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession


def indexed(slot: str) -> str:
    """The column that holds a category's position."""
    return f"{slot}_index"


def index_stages(spark: SparkSession, inputs: Sequence[CategoryInput]) -> list[Transformer]:
    """One indexer for all categories whose levels are in the order of their text, one each for those in another."""
    from pyspark.ml.feature import StringIndexerModel

    plain = [one for one in inputs if not one.ordered]
    ordered = [one for one in inputs if one.ordered]
    stages: list[Transformer] = [_alphabetical(spark, plain)] if plain else []
    for one in ordered:
        stages.append(
            StringIndexerModel.from_labels(list(one.levels), one.slot, indexed(one.slot), handleInvalid="keep")
        )
    return stages


def _alphabetical(spark: SparkSession, inputs: Sequence[CategoryInput]) -> Transformer:
    from pyspark.ml.feature import StringIndexer

    slots = [one.slot for one in inputs]
    indexer = StringIndexer(
        inputCols=slots,
        outputCols=[indexed(slot) for slot in slots],
        stringOrderType="alphabetAsc",
        handleInvalid="keep",
    )
    return indexer.fit(synopsis(spark, {one.slot: one.levels for one in inputs}))

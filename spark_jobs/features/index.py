"""Indexing of levels: for the encoders that read level indices, and as an encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_jobs.errors import BundleError
from spark_jobs.features import CategoryInput
from spark_jobs.features.synopsis import synopsis
from spark_jobs.ops.arithmetic import as_column, number
from spark_jobs.ops.vector import Dense

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block


def indexed(slot: str) -> str:
    """Return the name of the column with a category's level index."""
    return f"{slot}_index"


def index_stages(spark: SparkSession, inputs: Sequence[CategoryInput]) -> list[Transformer]:
    """Return one indexer for all categories with levels in text order, and one for each category in another order."""
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


def check_saved(stages: Sequence[Stage], inputs: Sequence[CategoryInput]) -> None:
    """Refuse saved indexers whose levels differ from the plan's.

    Raises:
        BundleError: The levels differ; the message names the stage.
    """
    plain = [one for one in inputs if not one.ordered]
    groups = [*([plain] if plain else []), *([one] for one in inputs if one.ordered)]
    for stage, group in zip(stages, groups, strict=True):
        stage.expect(handleInvalid="keep")
        labels = stage.row()["labelsArray"]
        stage.expect_columns([one.slot for one in group], [indexed(one.slot) for one in group])
        if [list(found) for found in labels] != [list(one.levels) for one in group]:
            message = f"The saved stage {stage.folder.name} does not match the plan: its levels differ."
            raise BundleError(message)


def no_stages(spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Any]) -> list[Transformer]:
    """Return no stages: the level indices are the encoding."""
    return []


def index_outputs(inputs: Sequence[CategoryInput], targets: int) -> dict[str, list[str]]:
    """Return the slot in each column of level indices."""
    return {indexed(one.slot): [one.title] for one in inputs}


def index_graph(
    stages: Sequence[Stage], inputs: Sequence[CategoryInput], positions: Sequence[Value]
) -> dict[str, list[Block]]:
    """Return the level indices as numbers."""
    columns = zip(index_outputs(inputs, 1), positions, strict=True)
    return {name: [Dense(as_column(number(position)), 1)] for name, position in columns}

"""A level is the mean of the target among its rows, drawn towards the mean of all where it has few rows.

Source: Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes" (2001). For training rows
the means are those of the other folds, so that no row sees its own target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spark_jobs.features import CategoryInput, Encoder
from spark_jobs.features.index import indexed

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import DataFrame, SparkSession

    from spark_jobs.profile.levels import LevelCounts

Table = npt.NDArray[np.float64]
FOLDS = 5
STRENGTH = 10.0


def worth(one: CategoryInput, counts: LevelCounts | None, prior: Table) -> Table:
    """What each level is worth, shape (levels + 1, targets); the last row is for levels never seen.

    A level of n rows whose target sums to s is worth (s + 10 · prior) / (n + 10).
    """
    table = counts.table if counts is not None else {}
    none = np.zeros(1 + len(prior))
    sums = np.array([*(table.get(level, none) for level in one.levels), none])
    shrunk: Table = (sums[:, 1:] + STRENGTH * prior) / (sums[:, :1] + STRENGTH)
    return shrunk


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], worth: Sequence[Table]) -> list[Transformer]:
    return _encoders(spark, inputs, [indexed(one.slot) for one in inputs], worth)


def _folded(
    spark: SparkSession, inputs: Sequence[CategoryInput], worths: Sequence[Sequence[Table]], fold: str
) -> list[Transformer]:
    """The stages for training rows: a level counts apart in each fold, and is worth what the other folds say.

    `worths` has one table per input and fold; `fold` is SQL that gives a row's fold.
    """
    from pyspark.ml.feature import SQLTransformer

    apart = [f"{one.slot}_folded" for one in inputs]
    moved = [
        f"{indexed(one.slot)} + ({fold}) * {len(one.levels) + 1} AS {name}"
        for one, name in zip(inputs, apart, strict=True)
    ]
    split = SQLTransformer(statement=f"SELECT *, {', '.join(moved)} FROM __THIS__")
    return [split, *_encoders(spark, inputs, apart, [np.vstack(list(tables)) for tables in worths])]


def _encoders(
    spark: SparkSession, inputs: Sequence[CategoryInput], sources: Sequence[str], worth: Sequence[Table]
) -> list[Transformer]:
    targets = worth[0].shape[1]
    stages: list[Transformer] = []
    for target in range(targets):
        outputs = [_outputs(one, targets)[target] for one in inputs]
        stages.append(_encoder(spark, sources, outputs, [table[:, target] for table in worth]))
    return stages


def _encoder(
    spark: SparkSession, sources: Sequence[str], outputs: Sequence[str], worth: Sequence[Table]
) -> Transformer:
    from pyspark.ml.feature import TargetEncoder

    encoder = TargetEncoder(
        inputCols=list(sources),
        outputCols=list(outputs),
        labelCol="worth",
        targetType="continuous",
        smoothing=0.0,
        handleInvalid="keep",
    )
    return encoder.fit(_synopsis(spark, sources, worth))


def _synopsis(spark: SparkSession, sources: Sequence[str], worth: Sequence[Table]) -> DataFrame:
    """One row per level of each column; the encoder passes over the nulls of the others."""
    rows = [
        (*(float(index) if place == position else None for place in range(len(sources))), float(value))
        for position, values in enumerate(worth)
        for index, value in enumerate(values)
    ]
    return spark.createDataFrame(rows, ", ".join(f"{source} double" for source in sources) + ", worth double")


def _outputs(one: CategoryInput, targets: int) -> list[str]:
    return [f"{one.slot}_worth{target}" for target in range(targets)]


def _slots(one: CategoryInput, targets: int) -> list[str]:
    return [f"{one.title} (mean target)"] if targets == 1 else [f"{one.title} (share {t})" for t in range(targets)]


STEP = Encoder("target mean", _stages, _outputs, _slots, folded=_folded)

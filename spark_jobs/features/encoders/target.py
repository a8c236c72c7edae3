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

FOLDS = 5
STRENGTH = 10.0


def worth(one: CategoryInput, counts: LevelCounts | None, prior: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What each level is worth, shape (levels + 1, targets); the last row is for levels never seen.

    A level of n rows whose target sums to s is worth (s + 10 · prior) / (n + 10).
    """
    table = counts.table if counts is not None else {}
    none = np.zeros(1 + len(prior))
    sums = np.array([*(table.get(level, none) for level in one.levels), none])
    shrunk: npt.NDArray[np.float64] = (sums[:, 1:] + STRENGTH * prior) / (sums[:, :1] + STRENGTH)
    return shrunk


def _stages(
    spark: SparkSession, inputs: Sequence[CategoryInput], worth: Sequence[npt.NDArray[np.float64]]
) -> list[Transformer]:
    targets = worth[0].shape[1]
    return [_stage(spark, inputs, [table[:, target] for table in worth], target, targets) for target in range(targets)]


def _stage(
    spark: SparkSession,
    inputs: Sequence[CategoryInput],
    worth: Sequence[npt.NDArray[np.float64]],
    target: int,
    targets: int,
) -> Transformer:
    from pyspark.ml.feature import TargetEncoder

    sources = [indexed(one.slot) for one in inputs]
    encoders = TargetEncoder(
        inputCols=sources,
        outputCols=[_outputs(one, targets)[target] for one in inputs],
        labelCol="worth",
        targetType="continuous",
        smoothing=0.0,
        handleInvalid="keep",
    )
    return encoders.fit(_synopsis(spark, sources, worth))


def _synopsis(spark: SparkSession, sources: Sequence[str], worth: Sequence[npt.NDArray[np.float64]]) -> DataFrame:
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


STEP = Encoder("target mean", _stages, _outputs, _slots, supervised=True)

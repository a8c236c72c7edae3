"""Target encoding: the mean of the target among a level's rows, shrunk towards the overall mean for rare levels.

The smoothing is estimated from the data: little if rows of one level agree and levels differ. Sources: Micci-Barreca,
"A preprocessing scheme for high-cardinality categorical attributes" (2001); Bühlmann and Straub, "Glaubwürdigkeit für
Schadensätze" (1970). Training rows use the means of the other folds, which avoids target leakage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spark_jobs.errors import BundleError
from spark_jobs.features import CategoryInput, Encoder
from spark_jobs.features.index import indexed
from spark_jobs.ops.lookup import rows_of
from spark_jobs.ops.vector import Dense

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block
    from spark_jobs.profile.levels import LevelCounts

Table = npt.NDArray[np.float64]
FOLDS = 5
_LEAST, _MOST = 1e-3, 1e9
_NUMBERS = re.compile(r"split\('([^']*)', ' '\)")


def smoothing(counts: LevelCounts | None, squares: Table) -> Table:
    """Return the smoothing of each target: the weight, in rows, of the overall mean in a level's encoding.

    It is the variance within levels divided by the variance between levels. If no level has a second row, or levels do
    not differ, the encoding is the overall mean.

    Args:
        counts: The rows and target sums of each level.
        squares: The sum of squared deviations of each target, shape (targets,).
    """
    table = np.array(list(counts.table.values())) if counts is not None and counts.table else np.zeros((0, 2))
    rows, sums = table[:, :1], table[:, 1:]
    total, levels = rows.sum(), len(rows)
    if total <= levels:
        return np.full(len(squares), _MOST)
    between = (rows * (sums / rows - sums.sum(axis=0) / total) ** 2).sum(axis=0)
    within = np.maximum(squares - between, 0.0) / (total - levels)
    unbiased = (between - (levels - 1) * within) / (total - (rows**2).sum() / total or 1.0)
    ratio: Table = np.divide(within, unbiased, out=np.full(len(squares), _MOST), where=unbiased > within / _MOST)
    return np.clip(ratio, _LEAST, _MOST)


def encoding(one: CategoryInput, counts: LevelCounts | None, prior: Table, shrinkage: Table) -> Table:
    """Return the encoding of each level, shape (levels + 1, targets); the last row is for unseen levels.

    The encoding of a level with n rows and target sum s is (s + shrinkage · prior) / (n + shrinkage).

    Args:
        one: The categorical input.
        counts: The rows and target sums of each level.
        prior: The overall mean of each target, shape (targets,).
        shrinkage: The smoothing of each target, shape (targets,); see `smoothing`.
    """
    table = counts.table if counts is not None else {}
    none = np.zeros(1 + len(prior))
    sums = np.array([*(table.get(level, none) for level in one.levels), none])
    shrunk: Table = (sums[:, 1:] + shrinkage * prior) / (sums[:, :1] + shrinkage)
    return shrunk


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Table]) -> list[Transformer]:
    return [_lookup(inputs, encodings, [indexed(one.slot) for one in inputs])]


def _folded(
    spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Sequence[Table]], fold: str
) -> list[Transformer]:
    """Return the stage for training rows, which encodes a level by the rows of the other folds.

    `encodings` has one table for each input and fold; `fold` is the SQL of a row's fold.
    """
    positions = [f"{indexed(one.slot)} + ({fold}) * {len(one.levels) + 1}" for one in inputs]
    return [_lookup(inputs, [np.vstack(list(tables)) for tables in encodings], positions)]


def _lookup(inputs: Sequence[CategoryInput], encodings: Sequence[Table], positions: Sequence[str]) -> Transformer:
    """Return a stage that looks up encodings in arrays; Spark's `TargetEncoder` tests level by level, for minutes."""
    from pyspark.ml.feature import SQLTransformer

    return SQLTransformer(statement=_statement(inputs, encodings, positions))


def _statement(inputs: Sequence[CategoryInput], encodings: Sequence[Table], positions: Sequence[str]) -> str:
    columns = [
        f"element_at({_array(table[:, target])}, CAST({position} AS INT) + 1) AS {name}"
        for one, table, position in zip(inputs, encodings, positions, strict=True)
        for target, name in enumerate(_outputs([one], table.shape[1]))
    ]
    return f"SELECT *, {', '.join(columns)} FROM __THIS__"


def _graph(
    stages: Sequence[Stage], inputs: Sequence[CategoryInput], positions: Sequence[Value]
) -> dict[str, list[Block]]:
    """Build the graph from the saved SQL, the only place of the encodings; they must reproduce the same SQL."""
    tables = _tables(stages[0], inputs)
    stages[0].expect(statement=_statement(inputs, tables, [indexed(one.slot) for one in inputs]))
    return {
        name: [Dense(rows_of(table[:, target : target + 1], place), 1)]
        for one, table, place in zip(inputs, tables, positions, strict=True)
        for target, name in enumerate(_outputs([one], table.shape[1]))
    }


def _tables(stage: Stage, inputs: Sequence[CategoryInput]) -> list[Table]:
    """Parse the encodings of a saved statement, one table for each input.

    Raises:
        BundleError: The number of encodings does not match the levels.
    """
    found = _NUMBERS.findall(str(stage.params["statement"]))
    targets = len(found) // len(inputs)
    try:
        columns = [np.array(text.split(" "), dtype=np.float64) for text in found]
        tables = [np.stack(columns[place * targets :][:targets], axis=1) for place in range(len(inputs))]
    except ValueError:
        tables = []
    if [len(table) for table in tables] != [len(one.levels) + 1 for one in inputs]:
        message = f"The saved stage {stage.folder.name} does not match the plan: its encodings are of other levels."
        raise BundleError(message)
    return tables


def _array(values: npt.NDArray[np.float64]) -> str:
    """Return numbers as one SQL text that Spark converts to an array once, instead of thousands of literals."""
    return f"CAST(split('{' '.join(repr(float(value)) for value in values)}', ' ') AS ARRAY<DOUBLE>)"


def _outputs(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    return [f"{one.slot}_worth{target}" for one in inputs for target in range(targets)]


def _slots(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    of = ["mean target"] if targets == 1 else [f"share {target}" for target in range(targets)]
    return [f"{one.title} ({what})" for one in inputs for what in of]


STEP = Encoder("target mean", _stages, _outputs, _slots, folded=_folded, saved=("SQLTransformer",), graph=_graph)

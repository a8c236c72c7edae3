"""A level is the mean of the target among its rows, drawn towards the mean of all where it has few rows.

How far is read off the data: little where rows of one level agree and levels differ. Sources: Micci-Barreca,
"A preprocessing scheme for high-cardinality categorical attributes" (2001); Bühlmann and Straub, "Glaubwürdigkeit für
Schadensätze" (1970). For training rows the means are those of the other folds, so that no row sees its own target.
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
    """How many rows the mean of all counts for in the worth of a level: variance within levels over that between them.

    `squares` are the sums of squares of each target about its mean. Where no level has a second row, or levels do not
    differ, nothing but the mean of all counts.
    """
    table = np.array(list(counts.table.values())) if counts is not None and counts.table else np.zeros((0, 2))
    rows, sums = table[:, :1], table[:, 1:]
    total, levels = rows.sum(), len(rows)
    if total <= levels:
        return np.full(len(squares), _MOST)
    between = (rows * (sums / rows - sums.sum(axis=0) / total) ** 2).sum(axis=0)
    within = np.maximum(squares - between, 0.0) / (total - levels)
    apart = (between - (levels - 1) * within) / (total - (rows**2).sum() / total or 1.0)
    drawn: Table = np.divide(within, apart, out=np.full(len(squares), _MOST), where=apart > within / _MOST)
    return np.clip(drawn, _LEAST, _MOST)


def encoding(one: CategoryInput, counts: LevelCounts | None, prior: Table, drawn: Table) -> Table:
    """What each level is worth, shape (levels + 1, targets); the last row is for levels never seen.

    A level of n rows whose target sums to s is worth (s + drawn · prior) / (n + drawn).
    """
    table = counts.table if counts is not None else {}
    none = np.zeros(1 + len(prior))
    sums = np.array([*(table.get(level, none) for level in one.levels), none])
    shrunk: Table = (sums[:, 1:] + drawn * prior) / (sums[:, :1] + drawn)
    return shrunk


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Table]) -> list[Transformer]:
    return [_lookup(inputs, encodings, [indexed(one.slot) for one in inputs])]


def _folded(
    spark: SparkSession, inputs: Sequence[CategoryInput], worths: Sequence[Sequence[Table]], fold: str
) -> list[Transformer]:
    """The stage for training rows: a level counts apart in each fold, and is worth what the other folds say.

    `worths` has one table per input and fold; `fold` is SQL that gives a row's fold.
    """
    apart = [f"{indexed(one.slot)} + ({fold}) * {len(one.levels) + 1}" for one in inputs]
    return [_lookup(inputs, [np.vstack(list(tables)) for tables in worths], apart)]


def _lookup(inputs: Sequence[CategoryInput], encodings: Sequence[Table], positions: Sequence[str]) -> Transformer:
    """Positions → worths, by arrays: Spark's own TargetEncoder compares with each level in turn, for minutes."""
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
    """The worths are in the saved SQL alone: they are taken from it, and must give the same SQL again."""
    tables = _tables(stages[0], inputs)
    stages[0].expect(statement=_statement(inputs, tables, [indexed(one.slot) for one in inputs]))
    return {
        name: [Dense(rows_of(table[:, target : target + 1], place), 1)]
        for one, table, place in zip(inputs, tables, positions, strict=True)
        for target, name in enumerate(_outputs([one], table.shape[1]))
    }


def _tables(stage: Stage, inputs: Sequence[CategoryInput]) -> list[Table]:
    """The worths that stand in a saved statement, one table an input.

    Raises:
        JobError: there are none, or not as many as there are levels.
    """
    found = _NUMBERS.findall(str(stage.params["statement"]))
    targets = len(found) // len(inputs)
    try:
        columns = [np.array(text.split(" "), dtype=np.float64) for text in found]
        tables = [np.stack(columns[place * targets :][:targets], axis=1) for place in range(len(inputs))]
    except ValueError:
        tables = []
    if [len(table) for table in tables] != [len(one.levels) + 1 for one in inputs]:
        message = f"The saved stage {stage.folder.name} was not made of this plan: its worths are not of these levels."
        raise BundleError(message)
    return tables


def _array(values: npt.NDArray[np.float64]) -> str:
    """Numbers as one SQL text that Spark turns into an array once, not thousands of literals to be parsed."""
    return f"CAST(split('{' '.join(repr(float(value)) for value in values)}', ' ') AS ARRAY<DOUBLE>)"


def _outputs(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    return [f"{one.slot}_worth{target}" for one in inputs for target in range(targets)]


def _slots(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    of = ["mean target"] if targets == 1 else [f"share {target}" for target in range(targets)]
    return [f"{one.title} ({what})" for one in inputs for what in of]


STEP = Encoder("target mean", _stages, _outputs, _slots, folded=_folded, saved=("SQLTransformer",), graph=_graph)

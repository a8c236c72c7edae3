"""Look up encodings of levels in arrays: the stages and the graph of encoders that learn from the target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spark_jobs.errors import BundleError
from spark_jobs.features.index import indexed
from spark_jobs.features.inputs import CategoryInput
from spark_jobs.ops.lookup import rows_of
from spark_jobs.ops.vector import Dense

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block

Table = npt.NDArray[np.float64]
_NUMBERS = re.compile(r"split\('([^']*)', ' '\)")


def lookup_stages(
    spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Table]
) -> list[Transformer]:
    """Return the stage that encodes levels, given one table of shape (levels + 1, targets) for each input."""
    return [_lookup(inputs, encodings, [indexed(one.slot) for one in inputs])]


def folded_stages(
    spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Sequence[Table]], fold: str
) -> list[Transformer]:
    """Return the stage for training rows, which encodes a level by the table of the row's fold.

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
        for target, name in enumerate(lookup_outputs([one], table.shape[1]))
    ]
    return f"SELECT *, {', '.join(columns)} FROM __THIS__"


def lookup_graph(
    stages: Sequence[Stage], inputs: Sequence[CategoryInput], positions: Sequence[Value]
) -> dict[str, list[Block]]:
    """Build the graph from the saved SQL, the only place of the encodings; they must reproduce the same SQL."""
    tables = _tables(stages[0], inputs)
    stages[0].expect(statement=_statement(inputs, tables, [indexed(one.slot) for one in inputs]))
    return {
        name: [Dense(rows_of(table[:, target : target + 1], place), 1)]
        for one, table, place in zip(inputs, tables, positions, strict=True)
        for target, name in enumerate(lookup_outputs([one], table.shape[1]))
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


def lookup_outputs(inputs: Sequence[CategoryInput], targets: int) -> dict[str, list[str]]:
    """Return the slot in each output column: one for each target."""
    of = ["mean target"] if targets == 1 else [f"share {target}" for target in range(targets)]
    return {f"{one.slot}_worth{target}": [f"{one.title} ({what})"] for one in inputs for target, what in enumerate(of)}

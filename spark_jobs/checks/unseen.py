"""Counts of values not seen in training, made in Arrow: on the way to the model, or in a separate pass.

In Spark each count would be a metric of every row, and Java would compile it anew for each job. Arrow counts per batch
of rows, and per distinct text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyspark.sql import DataFrame

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.columns.names import col

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

COUNTS: Final = "unseen"
_KIND: Final = pa.list_(pa.int64())


class UnseenCounter:
    """The counts of one partition."""

    def __init__(self, training_domain: TrainingDomain) -> None:
        self._domain = training_domain
        self._found = dict.fromkeys(training_domain.keys, 0)

    def texts(self, name: str, texts: Sequence[str], codes: npt.NDArray[Any]) -> None:
        """Count a text column's unseen categories.

        Args:
            name: the column.
            texts: its distinct texts, trimmed.
            codes: for each row the index into `texts`; an index past the end is a null.
        """
        import numpy as np

        levels = self._domain.levels.get(name)
        unseen = [place for place, text in enumerate(texts) if text not in levels] if levels else []
        if unseen:
            self._found["unseen", name] += int(np.isin(codes, unseen).sum())

    def numbers(self, name: str, values: npt.NDArray[np.float64]) -> None:
        """Count a numeric column's values outside the training range; NaN is a null and is not counted."""
        ends = self._domain.ranges.get(name)
        if ends is not None:
            self._found["outside", name] += int(((values < ends[0]) | (values > ends[1])).sum())

    def column(self, rows: int, is_last: bool) -> pa.Array:
        """Return the column of counts for a batch of rows: null, except in the last row of the last batch."""
        if not is_last:
            return pa.nulls(rows, _KIND)
        return pa.concat_arrays([pa.nulls(rows - 1, _KIND), pa.array([list(self._found.values())], _KIND)])


def distinct_texts(values: pa.Array) -> tuple[list[str], npt.NDArray[Any]]:
    """Return a column's distinct texts, trimmed, and each row's index into them; null has the index past the end."""
    import pyarrow.compute as pc

    coded = values.dictionary_encode()
    codes = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
    return pc.utf8_trim(coded.dictionary, characters=BLANKS).to_pylist(), codes


def sum_counts(training_domain: TrainingDomain, parts: Iterable[Sequence[int]]) -> dict[tuple[str, str], int]:
    """Return the counts summed over all partitions, by (kind, column)."""
    sums = [sum(counts) for counts in zip(*parts, strict=True)]
    return dict(zip(training_domain.keys, sums, strict=True)) if sums else dict.fromkeys(training_domain.keys, 0)


def count_unseen(training_domain: TrainingDomain, rows: DataFrame) -> dict[tuple[str, str], int]:
    """Return the counts of unseen values in typed rows, by one pass that collects one row per partition."""
    if not training_domain.keys:
        return {}
    cells = [*map(col, training_domain.levels), *(col(name).cast("double") for name in training_domain.ranges)]
    # Positional names, because `mapInArrow` splits a name that holds a backtick.
    placed = rows.select(*[cell.alias(f"c{place}") for place, cell in enumerate(cells)])
    counts = placed.mapInArrow(_counting(training_domain), f"{COUNTS} array<bigint>")
    return sum_counts(training_domain, [row[0] for row in counts.collect()])


def _counting(training_domain: TrainingDomain) -> Any:
    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = UnseenCounter(training_domain)
        for batch in batches:
            for (kind, name), cells in zip(training_domain.keys, batch.columns, strict=True):
                if kind == "outside":
                    found.numbers(name, cells.to_numpy(zero_copy_only=False))
                else:
                    found.texts(name, *distinct_texts(cells))
        yield pa.record_batch([found.column(1, is_last=True)], [COUNTS])

    return counted

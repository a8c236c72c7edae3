"""How many cells hold what training had not seen, counted in Arrow: on their way to the model, or by their own pass.

In Spark each of these questions would be a metric of every row, which Java compiles anew for each job. In Arrow they
are asked of a batch at once, and of its distinct texts.
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

COUNTS: Final = "unfamiliar"
_KIND: Final = pa.list_(pa.int64())


class UnseenCounter:
    """The counts of one part of the rows."""

    def __init__(self, training_domain: TrainingDomain) -> None:
        self._familiar = training_domain
        self._found = dict.fromkeys(training_domain.keys, 0)

    def texts(self, name: str, texts: Sequence[str], codes: npt.NDArray[Any]) -> None:
        """Takes a column of text: trimmed texts, and for each row the place of its own; a place beyond is a null."""
        import numpy as np

        levels = self._familiar.levels.get(name)
        strange = [place for place, text in enumerate(texts) if text not in levels] if levels else []
        if strange:
            self._found["unseen", name] += int(np.isin(codes, strange).sum())

    def numbers(self, name: str, values: npt.NDArray[np.float64]) -> None:
        """Takes a column of numbers; NaN is a missing one."""
        ends = self._familiar.ranges.get(name)
        if ends is not None:
            self._found["outside", name] += int(((values < ends[0]) | (values > ends[1])).sum())

    def told(self, rows: int) -> pa.Array:
        """The counts as a column beside so many rows: in the last of them."""
        return pa.concat_arrays([untold(rows - 1), pa.array([list(self._found.values())], _KIND)])


def distinct(values: pa.Array) -> tuple[list[str], npt.NDArray[Any]]:
    """The distinct texts of a column, trimmed, and for each row the place of its own; null comes after the last."""
    import pyarrow.compute as pc

    coded = values.dictionary_encode()
    codes = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
    return pc.utf8_trim(coded.dictionary, characters=BLANKS).to_pylist(), codes


def untold(rows: int) -> pa.Array:
    """The column beside rows after which there are more."""
    return pa.nulls(rows, _KIND)


def summed(training_domain: TrainingDomain, parts: Iterable[Sequence[int]]) -> dict[tuple[str, str], int]:
    """The counts of all parts, by what they are of."""
    sums = [sum(counts) for counts in zip(*parts, strict=True)]
    return dict(zip(training_domain.keys, sums, strict=True)) if sums else dict.fromkeys(training_domain.keys, 0)


def count(training_domain: TrainingDomain, rows: DataFrame) -> dict[tuple[str, str], int]:
    """The counts of typed rows, by a pass over them of which a row comes back for each part."""
    if not training_domain.keys:
        return {}
    cells = [*map(col, training_domain.levels), *(col(name).cast("double") for name in training_domain.ranges)]
    # By place: `mapInArrow` reads a name with a backtick as two.
    placed = rows.select(*[cell.alias(f"c{place}") for place, cell in enumerate(cells)])
    told = placed.mapInArrow(_counting(training_domain), f"{COUNTS} array<bigint>")
    return summed(training_domain, [row[0] for row in told.collect()])


def _counting(training_domain: TrainingDomain) -> Any:
    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = UnseenCounter(training_domain)
        for batch in batches:
            for (kind, name), cells in zip(training_domain.keys, batch.columns, strict=True):
                if kind == "outside":
                    found.numbers(name, cells.to_numpy(zero_copy_only=False))
                else:
                    found.texts(name, *distinct(cells))
        yield pa.record_batch([found.told(1)], [COUNTS])

    return counted

"""The train-test split: decided by a row's content and, except for `random`, never by its position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.casts import canonical_cells
from spark_jobs.columns.names import col
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.spec import Spec

_SLOTS = 1_000_000
_FOLDS = 2  # added to the seed, so that folds are independent of the split and of the folds of target encodings


@dataclass(frozen=True, slots=True)
class SplitRule:
    """The rule that selects the test rows.

    Attributes:
        cut: for a split by time, the cut in microseconds since 1970 (UTC), once it is known.
    """

    spec: Spec
    types: Mapping[str, ColumnType]
    cut: int | None = None

    def is_test(self, rows: DataFrame, row: Column, number: Column) -> Column:
        """Return whether a row is a test row.

        Args:
            row: the hash of the row's key or features.
            number: the row's number in the table.
        """
        split = self.spec.split
        if split.kind == "time":
            return _micros(self._column()) > F.lit(self.cut)
        if split.kind == "column":
            return F.lower(F.btrim(col(self._column()).cast("string"), F.lit(BLANKS))).isin(*self.marks)
        of = self._unit(rows, row, number)
        return F.pmod(F.xxhash64(of, F.lit(split.seed)), F.lit(_SLOTS)) < round(split.test * _SLOTS)

    def fold(self, rows: DataFrame, row: Column, number: Column, folds: int) -> Column:
        """Return the fold of a training row, 0 to `folds` - 1; for a split by time, later folds hold later rows.

        Args:
            rows: the training rows.
            row: the hash of the row's key or features.
            number: the row's number in the table.
            folds: the number of folds.
        """
        if self.spec.split.kind == "time":
            micros = _micros(self._column())
            ranks = [step / folds for step in range(1, folds)]
            found = rows.agg(F.percentile_approx(micros, ranks, 100_000).alias("cuts")).first()
            later = [F.when(micros > F.lit(cut), 1).otherwise(0) for cut in (found["cuts"] if found else None) or ()]
            return reduce(add, later, F.lit(0))
        unit = self._unit(rows, row, number)
        return F.pmod(F.xxhash64(unit, F.lit(self.spec.split.seed + _FOLDS)), F.lit(folds)).cast("int")

    def _unit(self, rows: DataFrame, row: Column, number: Column) -> Column:
        """Return what is never divided between parts: the row, or its group."""
        if self.spec.split.kind == "group":
            cells = canonical_cells(rows, [self.types[self._column()]], self.spec.timezone)
            return F.xxhash64(F.lit(0), *cells)
        return number if self.spec.split.kind == "random" else row

    @property
    def marks(self) -> list[str]:
        """Return the values, in lower case, that mark a test row in a split by column."""
        given = self.spec.split.test_value
        return [given.strip(BLANKS).lower()] if given is not None else ["test", "true", "1"]

    def _column(self) -> str:
        name = self.spec.split.column or ""
        if name not in self.types:
            raise DataError(f"`split.column`: the source has no column '{name}'.", did_you_mean(name, self.types))
        return name


def split_rule(spec: Spec, types: Mapping[str, ColumnType], rows: DataFrame) -> SplitRule:
    """Return the split rule for typed rows; a split by time needs one pass to find its cut.

    Raises:
        DataError: the split column does not exist, or a split by time has a column without dates or times.
    """
    rule = SplitRule(spec, types)
    if spec.split.kind in ("time", "group", "column"):
        rule._column()
    if spec.split.kind != "time":
        return rule
    kind = types[rule._column()]
    if kind.cells not in ("date", "timestamp"):
        raise DataError(
            f"A time split needs a date or time, but '{kind.name}' holds {kind.cells}.",
            "Set another `split.column`, or list it in `columns.date`.",
        )
    found = rows.agg(F.percentile_approx(_micros(kind.name), 1 - spec.split.test, 100_000).alias("cut")).first()
    return SplitRule(spec, types, found["cut"] if found is not None else None)


def _micros(name: str) -> Column:
    return F.unix_micros(col(name).cast("timestamp"))

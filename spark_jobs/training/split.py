"""Which rows test the model: decided by what a row says, never by where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.casts import typed_row_hash
from spark_jobs.columns.names import col
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.spec import Spec

_SLOTS = 1_000_000


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How rows are told apart, with the cut of a time split once it is known (microseconds since 1970, UTC)."""

    spec: Spec
    types: Mapping[str, ColumnType]
    cut: int | None = None

    def is_test(self, rows: DataFrame, row: Column, number: Column) -> Column:
        """Whether one of the rows tests: `row` is the hash of its features or key, `number` its place in the table."""
        split = self.spec.split
        if split.kind == "time":
            return _micros(self._column()) > F.lit(self.cut)
        if split.kind == "column":
            return F.lower(F.btrim(col(self._column()).cast("string"), F.lit(BLANKS))).isin(*self.marks)
        of = number if split.kind == "random" else row
        if split.kind == "group":
            of = typed_row_hash(rows, [self.types[self._column()]], 0, self.spec.timezone)
        return F.pmod(F.xxhash64(of, F.lit(split.seed)), F.lit(_SLOTS)) < round(split.test * _SLOTS)

    @property
    def marks(self) -> list[str]:
        """What says that a row tests, in lower case, where a column says so."""
        given = self.spec.split.test_value
        return [given.strip(BLANKS).lower()] if given is not None else ["test", "true", "1"]

    def _column(self) -> str:
        name = self.spec.split.column or ""
        if name not in self.types:
            raise DataError(f"`split.column`: the source has no column '{name}'.", did_you_mean(name, self.types))
        return name


def split_rule(spec: Spec, types: Mapping[str, ColumnType], rows: DataFrame) -> SplitRule:
    """The rule for typed rows; a time split looks once for the moment that the latest share of rows comes after.

    Raises:
        DataError: the column that the split goes by is not there, or is no time.
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
            "Name another `split.column`, or list it in `columns.date`.",
        )
    found = rows.agg(F.percentile_approx(_micros(kind.name), 1 - spec.split.test, 100_000).alias("cut")).first()
    return SplitRule(spec, types, found["cut"] if found is not None else None)


def _micros(name: str) -> Column:
    return F.unix_micros(col(name).cast("timestamp"))

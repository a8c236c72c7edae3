"""Counts of test rows under many group keys in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.training.curves import Doubles

KEY = ("part", "a", "b", "text")
SHOWN = 50


def entry(part: int, a: Column | int = 0, b: Column | int = 0, text: Column | None = None, **own: Column) -> Column:
    """Return one group key that a row counts under (a part, two numbers and a text), with values used only there."""
    keys = {
        "part": F.lit(part),
        "a": _number(a),
        "b": _number(b),
        "text": (F.lit(None) if text is None else text).cast("string"),
    }
    return F.struct(*(value.alias(name) for name, value in {**keys, **own}.items()))


def _number(value: Column | int) -> Column:
    return (F.lit(value) if isinstance(value, int) else value).cast("int")


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums by group key, one column per measure, sorted by key."""

    table: pa.Table

    def part(self, number: int) -> Tally:
        """Return the groups of one part."""
        return Tally(self.table.filter(np.asarray(self.table["part"]) == number))

    def __getitem__(self, name: str) -> Doubles:
        return np.asarray(self.table[name].to_numpy(), dtype=float)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def key(self, name: str) -> np.ndarray:
        """Return a number of the group keys as integers."""
        return np.asarray(self.table[name].to_numpy(), dtype=np.int64)

    def texts(self) -> list[str | None]:
        """Return the texts of the group keys; None for a null."""
        return list(self.table["text"].to_pylist())


def tally(
    rows: DataFrame, entries: Sequence[Column], measures: Mapping[str, Column], named: int | None = None
) -> Tally:
    """Aggregate the rows under each of their group keys, in one Spark pass.

    Args:
        entries: the group keys of a row, from `entry`.
        measures: aggregates over columns of the row and of the entries.
        named: from this part on, groups are named by their text. Each such part keeps the `SHOWN` texts with the most
            rows; the rest is summed into a group with `others` 1.
    """
    spread = rows.select("*", F.explode(F.array(*entries)).alias("_e"))
    spread = spread.select(*rows.columns, "_e.*")
    counted = spread.groupBy(*KEY).agg(*(measure.alias(name) for name, measure in measures.items()))
    counted = counted.withColumn("others", F.lit(0))
    if named is not None:
        counted = _with_others(counted, tuple(measures), named)
    return Tally(counted.toArrow().sort_by([(name, "ascending") for name in KEY]))


def _with_others(counted: DataFrame, sums: Sequence[str], named: int) -> DataFrame:
    of_text = Window.partitionBy("part", "text")
    in_part = Window.partitionBy("part").orderBy(F.col("_size").desc(), F.col("text").asc_nulls_last())
    ranked = counted.withColumn("_size", F.sum("rows").over(of_text)).withColumn("_rank", F.dense_rank().over(in_part))
    rest = (F.col("part") >= named) & (F.col("_rank") > SHOWN)
    marked = ranked.withColumn("others", F.when(rest, 1).otherwise(0))
    marked = marked.withColumn("text", F.when(rest, None).otherwise(F.col("text")))
    folds = {"low": F.min, "high": F.max}
    return marked.groupBy(*KEY, "others").agg(*(folds.get(name, F.sum)(name).alias(name) for name in sums))

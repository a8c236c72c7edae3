"""Row ids: the key, or the content and an occurrence number."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from hashlib import sha256

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.exact import beyond_double, exact_text
from spark_jobs.columns.names import UNREAD_KEY


def log_row_id() -> Column:
    """Return the id of a row of a log such as a topic, as a column: topic/partition/offset."""
    return F.concat_ws("/", "topic", "partition", "offset")


def with_row_ids(rows: DataFrame, key: Sequence[str] = (), is_unique: bool | None = None) -> DataFrame:
    """Add `_row_id` to rows that have the struct `_row`.

    With a key, the id is the key's text: its values joined by `|`. A `|` in a value becomes `#|`, a `#` becomes `##`,
    and null becomes `#null`, so different keys have different text. Without a key, the id is the hash of the row's
    cells and an occurrence number from 1. Further rows of a key get `#2`, `#3` …, in the order of their hashes. Equal
    rows are interchangeable, so a second run gives each row the same id.

    Args:
        rows: Rows with the struct `_row`.
        key: The key columns. A cell that its column's type cannot hold (`typed`) counts as its text.
        is_unique: Whether all rows differ; None finds out in one pass.
    """
    fields = {field.name: field.dataType for field in _row_type(rows).fields}
    content = row_hash(fields)
    named = key_text(key, fields) if key else _hex(content)
    # Sorting by the hash first rarely has to compare texts.
    alike = Window.partitionBy(F.xxhash64("_named"), "_named").orderBy("_content")
    marked = rows.withColumns({"_content": content, "_named": named})
    # Numbering shuffles the rows; if all differ, as usual, no shuffle is needed.
    is_unique = _all_differ(named if key else content, rows) if is_unique is None else is_unique
    numbered = F.lit(1) if is_unique else F.row_number().over(alike)
    again = F.when(numbered > 1, F.concat(F.lit("#"), numbered.cast("string"))).otherwise(F.lit(""))
    number = again if key else F.concat(F.lit("-"), numbered.cast("string"))
    return marked.withColumn("_row_id", F.concat("_named", number)).drop("_content", "_named")


def rows_are_unique(rows: DataFrame, key: Sequence[str]) -> bool:
    """Return whether all rows differ in their key or cells, in one pass. The rows of any subset then differ too."""
    whole = rows.select(F.struct("*").alias("_row"))
    fields = {field.name: field.dataType for field in _row_type(whole).fields}
    if not set(key) <= set(fields):
        return False
    return _all_differ(key_text(key, fields) if key else row_hash(fields), whole)


def _all_differ(named: Column, rows: DataFrame) -> bool:
    return rows.groupBy(named.alias("_named")).count().where("count > 1").isEmpty()


def with_streamed_ids(rows: DataFrame, key: Sequence[str], batch: int) -> DataFrame:
    """Add `_row_id` to the rows of a numbered micro-batch.

    The id is `_source` of `_row`, if present: a message's topic, partition and offset. Otherwise it is the key's text.
    Without a key, it is the hash of the row's cells, the number of the micro-batch and a position in it.
    """
    fields = {field.name: field.dataType for field in _row_type(rows).fields}
    if "_source" in fields:
        return rows.withColumn("_row_id", F.col("_row").getField("_source"))
    if key:
        return rows.withColumn("_row_id", key_text(key, fields))
    place = F.concat(F.lit(f"-{batch}."), F.monotonically_increasing_id().cast("string"))
    return rows.withColumn("_row_id", F.concat(_hex(row_hash(fields)), place))


def key_text(key: Sequence[str], fields: dict[str, T.DataType]) -> Column:
    """Return the key of a row as text; different keys have different text."""
    parts = [exact_text(F.col("_row").getField(name), fields[name]) for name in key]
    if UNREAD_KEY in fields:
        unread = F.col("_row").getField(UNREAD_KEY)
        parts = [F.coalesce(F.get(unread, F.lit(place)), part) for place, part in enumerate(parts)]
    return F.concat_ws("|", *map(_escaped, parts))


def row_hash(fields: Mapping[str, T.DataType], cell: Callable[[str], Column] | None = None) -> Column:
    """Return a BIGINT hash (xxhash64) of a row's cells; equal numbers have equal hashes, whatever their stored type.

    The cells are those of the struct `_row`, or `cell(name)` if `cell` is given.
    """
    fields = {name: kind for name, kind in fields.items() if name != UNREAD_KEY}
    found = {name: F.col("_row").getField(name) if cell is None else cell(name) for name in fields}
    cells = [part for name, kind in fields.items() for part in _hashable(found[name], kind)]
    # xxhash64 skips nulls, so bits say which cells are null. Hashing each cell's name would do so too, but doubles the
    # generated code, which then takes Java ten seconds to compile.
    flags = [value.isNull() for value in found.values()]
    missing = [_bits(flags[place : place + 63]) for place in range(0, len(flags), 63)]
    return F.xxhash64(F.lit(_number_of(fields)), *missing, *cells)


def _bits(flags: Sequence[Column]) -> Column:
    """Pack boolean columns into the bits of one BIGINT."""
    bits = [F.when(flag, F.lit(1 << place)).otherwise(F.lit(0)).cast("bigint") for place, flag in enumerate(flags)]
    return reduce(lambda one, other: one.bitwiseOR(other), bits)


def _number_of(names: Iterable[str]) -> int:
    digest = sha256(json.dumps(list(names)).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _hex(number: Column) -> Column:
    return F.lpad(F.lower(F.hex(number)), 16, "0")


def _row_type(rows: DataFrame) -> T.StructType:
    kind = rows.schema["_row"].dataType
    assert isinstance(kind, T.StructType)
    return kind


def _hashable(cell: Column, kind: T.DataType) -> list[Column]:
    if isinstance(kind, T.NumericType):
        beyond = beyond_double(cell, kind)
        return [cell.cast("double") + F.lit(0.0), *([] if beyond is None else [beyond])]
    if isinstance(
        kind, T.StringType | T.BooleanType | T.BinaryType | T.DateType | T.TimestampType | T.TimestampNTZType
    ):
        return [cell]
    return [exact_text(cell, kind)]


def _escaped(text: Column) -> Column:
    safe = F.replace(F.replace(text, F.lit("#"), F.lit("##")), F.lit("|"), F.lit("#|"))
    return F.coalesce(safe, F.lit("#null"))

"""Read the raw lines of a delimited text once, to choose its dialect and to find its malformed lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns.names import text_schema
from spark_jobs.formats.csv_dialect import Dialect
from spark_jobs.formats.line_counts import LineCounts, from_rows, to_row
from spark_jobs.sources.files import Place

_OF_TEXT = ("lineSep",)
BLANKS = "".join(map(chr, range(33)))  # Spark's reader skips a line that has only these


def read_lines(spark: SparkSession, place: Place, encoding: str, options: Mapping[str, str]) -> DataFrame:
    """Return the non-blank lines: `value` as text, `_file`, and the partition columns.

    Bytes that are not valid UTF-8 stay in `value` as they are.
    """
    reader = place.reader(spark).options(**{name: value for name, value in options.items() if name in _OF_TEXT})
    wide = is_wide(encoding)
    if wide:
        reader = reader.option("encoding", encoding).option("lineSep", "\n")
    lines = (
        reader.schema(text_schema("value", *place.partitions))
        .text(place.paths)
        .withColumn("_file", F.col("_metadata.file_path"))
    )
    if wide:
        decoded = F.decode(F.col("value").cast("binary"), encoding)
        lines = lines.withColumn("value", F.rtrim(F.ltrim(decoded, F.lit("\ufeff")), F.lit("\r")))
    comment = options.get("comment")
    # Most lines begin with a visible character, and trimming a line takes longer than reading it.
    there = (F.col("value") >= "!") | (F.length(F.btrim("value", F.lit(BLANKS))) > 0)
    return lines.where(there & ~F.col("value").startswith(comment) if comment else there)


def is_wide(encoding: str) -> bool:
    """Return whether a character takes two bytes, so that lines must be decoded before they are split."""
    return encoding.startswith("UTF-16")


def is_header(headers: Sequence[bytes]) -> Column:
    """Return a condition: the line equals one of `headers`, byte by byte."""
    return F.col("value").cast("binary").isin(*map(F.lit, headers)) if headers else F.lit(False)


def count_lines(lines: DataFrame, forms: Sequence[Dialect], headers: Sequence[bytes], utf8: bool) -> list[LineCounts]:
    """Count the lines of each file for each dialect, in one Spark job.

    Args:
        lines: The lines, from `read_lines`.
        forms: The candidate dialects.
        headers: The first lines of the files.
        utf8: Whether to count lines that are not UTF-8.
    """
    # A hash identifies the file: its path would be sent to Python with every line.
    sent = lines.select(F.col("value").cast("binary"), F.xxhash64("_file"))
    counted = sent.mapInArrow(_counter(forms, headers, utf8), "counts string")
    return list(from_rows(json.loads(row["counts"]) for row in counted.collect()).values())


def _counter(
    forms: Sequence[Dialect], headers: Sequence[bytes], utf8: bool
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found: dict[str, LineCounts] = {}
        for batch in batches:
            files = batch.column(1).dictionary_encode()
            for number, file in enumerate(map(str, files.dictionary.to_pylist())):
                own = batch.column(0)
                if len(files.dictionary) > 1:
                    own = own.filter(pc.equal(files.indices, number))
                found.setdefault(file, LineCounts()).add(own, forms, headers, utf8)
        rows = [json.dumps(to_row(file, counts)) for file, counts in found.items()]
        yield pa.RecordBatch.from_pydict({"counts": pa.array(rows, pa.string())})

    return count

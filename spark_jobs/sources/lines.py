"""Read the raw lines of a delimited text once, to choose its dialect and to find its malformed lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns.names import text_schema
from spark_jobs.formats.dialect import Dialect, field_regex, open_regex
from spark_jobs.formats.line_counts import LineCounts, from_rows, to_row
from spark_jobs.sources.files import Place

_OF_TEXT = ("lineSep",)
BLANKS = "".join(map(chr, range(33)))  # Spark's reader skips a line that has only these


@dataclass(frozen=True, slots=True)
class DialectScore:
    """The fit of all lines to one dialect. Blank lines are not counted; the first line of each file is."""

    form: Dialect
    lines: int
    fitting: int
    malformed: int
    headers: int
    not_utf8: int
    beyond_ascii: int
    odd_quotes: bool
    escapes: int
    common_fields: int = 0

    @property
    def is_latin(self) -> bool:
        """Return whether most lines with bytes beyond ASCII are not UTF-8, so the encoding is a one-byte one."""
        return self.not_utf8 > self.beyond_ascii


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


def scans(files: Sequence[LineCounts], forms: Sequence[Dialect]) -> list[DialectScore]:
    """Sum the counts of all files for each dialect."""
    return [_summed(files, number, form) for number, form in enumerate(forms)]


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


def _summed(files: Sequence[LineCounts], number: int, form: Dialect) -> DialectScore:
    mine = [file.forms[number] for file in files]
    common = [max(counts.by_fields, key=lambda width: counts.by_fields[width]) for counts in mine if counts.by_fields]
    return DialectScore(
        form=form,
        lines=sum(file.lines for file in files),
        fitting=sum(counts.fitting for counts in mine),
        malformed=sum(counts.malformed for counts in mine),
        headers=sum(file.headers for file in files),
        not_utf8=sum(file.not_utf8 for file in files),
        beyond_ascii=sum(file.beyond_ascii for file in files),
        escapes=sum(counts.escapes for counts in mine),
        odd_quotes=any(counts.quotes % 2 for counts in mine),
        common_fields=max(common, default=0),
    )


def fields(form: Dialect) -> Column:
    """Return the number of fields of a line, as a column."""
    return _occurrences(_outside_quotes(form), form.sep) + 1


def is_open(form: Dialect) -> Column:
    """Return a condition: a quoted field of the line is not closed."""
    if not form.quote:
        return F.lit(False)
    return F.col("value").contains(form.quote) & _outside_quotes(form).rlike(open_regex(form))


def reasons(form: Dialect, utf8: bool) -> Column:
    """Return why a line is malformed: an array of texts, empty if it is valid."""
    count = fields(form)
    found: list[Any] = [
        F.when(is_open(form), F.lit("a quoted field is not closed")),
        F.when(
            count != form.fields,
            F.concat(F.lit("the line has "), count.cast("string"), F.lit(f" fields, not {form.fields}")),
        ),
    ]
    if utf8:
        found.append(F.when(~F.is_valid_utf8(F.col("value")), F.lit("the line is not valid UTF-8")))
    return F.array_compact(F.array(*found))


def _unescaped(form: Dialect) -> Column:
    value = F.col("value")
    if not form.quote:
        return value
    if form.escape == form.quote:
        return F.replace(value, F.lit(form.quote * 2), F.lit(""))
    without = F.replace(value, F.lit(form.escape * 2), F.lit(""))
    return F.replace(without, F.lit(form.escape + form.quote), F.lit(""))


def _outside_quotes(form: Dialect) -> Column:
    value = F.col("value")
    if not form.quote:
        return value
    outside = F.regexp_replace(_unescaped(form), field_regex(form), "$1")
    return F.when(value.contains(form.quote), outside).otherwise(value)


def _occurrences(text: Column, part: str) -> Column:
    if not part:
        return F.lit(0)
    without = F.octet_length(F.replace(text, F.lit(part), F.lit("")))
    return ((F.octet_length(text) - without) / len(part.encode())).cast("int")

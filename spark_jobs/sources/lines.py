"""One pass over the raw lines of a delimited text, which decides its form and finds its malformed lines."""

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
from spark_jobs.sources.dialect import Dialect, field_regex, open_regex
from spark_jobs.sources.files import Place
from spark_jobs.sources.line_counts import LineCounts, from_rows, to_row

_OF_TEXT = ("lineSep",)
BLANKS = "".join(map(chr, range(33)))  # a line of these alone is none to Spark's reader


@dataclass(frozen=True, slots=True)
class DialectScore:
    """What all lines say of one form. Lines are those that are not blank, the first of each file among them."""

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
        """Bytes beyond ASCII are mostly no UTF-8: the text is in a one-byte encoding."""
        return self.not_utf8 > self.beyond_ascii


def read_lines(spark: SparkSession, place: Place, encoding: str, options: Mapping[str, str]) -> DataFrame:
    """The lines that hold anything: `value` as text (bytes that are no UTF-8 stay as they are), `_file`, partitions."""
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
    # Most lines begin with a visible character: trimming a line takes longer than reading it.
    there = (F.col("value") >= "!") | (F.length(F.btrim("value", F.lit(BLANKS))) > 0)
    return lines.where(there & ~F.col("value").startswith(comment) if comment else there)


def is_wide(encoding: str) -> bool:
    """Whether a character takes two bytes, so that lines have to be decoded before they are looked at."""
    return encoding.startswith("UTF-16")


def is_header(headers: Sequence[bytes]) -> Column:
    """The line is one of these, byte by byte."""
    return F.col("value").cast("binary").isin(*map(F.lit, headers)) if headers else F.lit(False)


def count_lines(lines: DataFrame, forms: Sequence[Dialect], headers: Sequence[bytes], utf8: bool) -> list[LineCounts]:
    """What the lines of each file say of each form, in one job. `headers` are the first lines of the files."""
    # A file is told apart by a hash of its path: the path itself would be sent to Python with every line.
    sent = lines.select(F.col("value").cast("binary"), F.xxhash64("_file"))
    counted = sent.mapInArrow(_counter(forms, headers, utf8), "counts string")
    return list(from_rows(json.loads(row["counts"]) for row in counted.collect()).values())


def scans(files: Sequence[LineCounts], forms: Sequence[Dialect]) -> list[DialectScore]:
    """What all lines together say of each form."""
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
    """How many fields a line has."""
    return _occurrences(_outside_quotes(form), form.sep) + 1


def is_open(form: Dialect) -> Column:
    """A quoted field of the line is not closed as it should be."""
    if not form.quote:
        return F.lit(False)
    return F.col("value").contains(form.quote) & _outside_quotes(form).rlike(open_regex(form))


def reasons(form: Dialect, utf8: bool) -> Column:
    """Why a line is malformed: an array of texts, empty where it is not."""
    count = fields(form)
    found: list[Any] = [
        F.when(is_open(form), F.lit("a quoted field is not closed")),
        F.when(
            count != form.fields,
            F.concat(F.lit("the line has "), count.cast("string"), F.lit(f" fields, not {form.fields}")),
        ),
    ]
    if utf8:
        found.append(F.when(~F.is_valid_utf8(F.col("value")), F.lit("the line is no valid UTF-8")))
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

"""Delimited text files (CSV, TSV and similar).

One scan of all lines decides the dialect. Malformed lines are kept apart, so no cell shifts into another column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns.names import col, text_schema
from spark_jobs.errors import DataError
from spark_jobs.formats.csv_dialect import format_separator
from spark_jobs.formats.malformed_lines import reasons
from spark_jobs.sources.delimited_text import DelimitedText, detect_dialect
from spark_jobs.sources.files import DataFile, files_of, fingerprint_of, local_files, place_of, reads_of, unread_of
from spark_jobs.sources.lines import is_header, is_wide, read_lines
from spark_jobs.sources.listing import codes_among
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.options import known_options
from spark_jobs.sources.packing import check_packed
from spark_jobs.sources.plain_text import NotHere, PlainText, plain_text
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec.models import Source

_MALFORMED: Final = "⟨malformed⟩"


def read(source: Source, spark: SparkSession) -> Table:
    """Read delimited text files that share one header.

    Returns:
        The table: text columns in file order. Malformed lines are in `Table.malformed`, not in `Table.rows`.

    Raises:
        DataError: Files are missing, empty or have different headers, or a column name is duplicate or reserved.
    """
    options = known_options(source)
    path, files = str(source.path), files_of(source, spark)
    check_packed(files)
    text = detect_dialect(
        source, options, files, _heads(files, source, spark),
        lambda encoding: read_lines(spark, place_of(source, files), encoding, options),
    )  # fmt: skip
    spanning, records = _records(text, spark)
    apart = not spanning and (
        text.has_malformed_lines or bool(text.repeated_headers) or is_wide(text.encoding) or bool(text.skipped)
    )
    raw = _by_line(text, spark) if apart else _by_spark(text, spark, spanning)
    marks = null_values_of(source)
    rows = replace_null_values(raw, marks)
    malformed = _malformed(text, spark)
    count = malformed.count() if apart and text.has_malformed_lines else 0
    unread = unread_of(source, files)
    reading = Reading(
        str(source.kind), path, _decided(text, spanning), marks, _decisions(text, spanning, count), unread
    )
    plain = None if spanning or apart else plain_text(text, files, marks)
    lines = read_lines(spark, text.place, text.encoding, text.options) if plain else None
    found = fingerprint_of(files), malformed if count else None, count
    codes, reads = codes_among([file.partition for file in files], marks), reads_of(source, files)
    return Table(
        rows, reading, *found, tuple(rows.columns), raw if plain else None, plain, lines, reads, records, codes=codes
    )


def read_here(source: Source) -> PlainText | None:
    """Return the text for splitting in this process, without Spark; None if only Spark can read it.

    Raises:
        DataError: As for `read`.
    """
    options = known_options(source)
    files = local_files(source)
    if not files or options.get("multiLine") == "true":
        return None
    try:
        text = detect_dialect(source, options, files, _heads(files, source, None), _elsewhere)
    except NotHere:
        return None
    found = plain_text(text, files, null_values_of(source))
    return found if found is not None and found.local else None


def _elsewhere(encoding: str) -> DataFrame:
    raise NotHere("only Spark can count these lines")


def _heads(files: Sequence[DataFile], source: Source, spark: SparkSession | None) -> Mapping[str, bytes]:
    """Return the beginning of each non-empty file by its path.

    If Python can open a file, this is its first block of bytes; otherwise it is only the first non-blank line.
    """
    path = source.path
    if not any(file.size for file in files):
        raise DataError(f"'{path}' is empty: 0 bytes.", "Name a file with a header and rows.")
    if spark is None or all(file.local for file in files):
        heads = {file.path: file.head() for file in files}
    else:
        place = place_of(source, files)
        lines = place.reader(spark).text(place.paths).where(F.length(F.trim("value")) > 0)
        where = F.struct(F.col("_metadata.file_block_start"), F.monotonically_increasing_id())
        placed = lines.select("_metadata.file_path", F.col("value").cast("binary"), where.alias("place"))
        first = placed.groupBy("file_path").agg(F.min_by("value", "place"))
        heads = {row[0]: bytes(row[1]) for row in first.collect()}
    heads = {file: head for file, head in heads.items() if head.strip()}
    if not heads:
        raise DataError(f"'{path}' contains only blank lines.", "Name a file with a header and rows.")
    return heads


def _records(text: DelimitedText, spark: SparkSession) -> tuple[bool, int]:
    """Return whether quoted fields span lines, and the number of records.

    Quoted fields span lines if some lines leave a quote open and, read as multi-line, every record has all its fields.
    """
    said, lines = text.options.get("multiLine"), text.scan.lines - text.scan.headers
    if said == "true":
        return True, _by_spark(text, spark, True).count()
    if said or not text.scan.malformed or text.scan.odd_quotes or text.scan.not_utf8:
        return False, lines
    schema = text_schema(*text.names, _MALFORMED, *text.place.partitions)
    records = _reader(text, spark, True).schema(schema).csv(text.place.paths)
    quote = text.scan.form.quote
    swallowed = F.exists(
        F.array(*(col(name) for name in text.names)), lambda cell: cell.startswith(quote) & cell.contains("\n")
    )
    malformed, swallowing, count = records.agg(F.count(_MALFORMED), F.count_if(swallowed), F.count(F.lit(1))).collect()[
        0
    ]
    return (False, lines) if malformed or swallowing else (True, count)


def _options(text: DelimitedText) -> dict[str, str]:
    options = {name: value for name, value in text.options.items() if name in ("lineSep", "comment")}
    return options | {
        "sep": text.scan.form.sep,
        "quote": text.scan.form.quote,
        "escape": text.scan.form.escape,
        "ignoreLeadingWhiteSpace": "true",
        "ignoreTrailingWhiteSpace": "true",
        "columnNameOfCorruptRecord": _MALFORMED,  # Spark does not read a data column that has its default name
        "maxColumns": str(max(20480, len(text.names) + 1)),
    }


def _reader(text: DelimitedText, spark: SparkSession, spanning: bool) -> DataFrameReader:
    reader = text.place.reader(spark).options(**_options(text)).option("encoding", text.encoding)
    return reader.option("header", bool(text.headers)).option("multiLine", spanning)


def _by_spark(text: DelimitedText, spark: SparkSession, spanning: bool) -> DataFrame:
    return _reader(text, spark, spanning).schema(text_schema(*text.names, *text.place.partitions)).csv(text.place.paths)


def _lines(text: DelimitedText, spark: SparkSession) -> DataFrame:
    lines = read_lines(spark, text.place, text.encoding, text.options)
    if text.no_rows:
        lines = lines.where(~is_header(text.no_rows))
    if not text.utf8 and not is_wide(text.encoding):
        lines = lines.withColumn("value", F.decode(F.col("value").cast("binary"), text.encoding))
    return lines.withColumn("_reasons", reasons(text.scan.form, text.utf8))


def _by_line(text: DelimitedText, spark: SparkSession) -> DataFrame:
    lines = _lines(text, spark).where(F.size("_reasons") == 0)
    more = [name for name in lines.columns if name not in ("value", "_file", "_reasons")]
    record = F.from_csv("value", F.lit(text_schema(*text.names)), _options(text))
    return lines.select(record.alias("record"), *map(col, more)).select("record.*", *map(col, more))


def _malformed(text: DelimitedText, spark: SparkSession) -> DataFrame:
    malformed = _lines(text, spark).where(F.size("_reasons") > 0)
    return malformed.select(F.make_valid_utf8("value").alias("_raw"), "_reasons", F.col("_file").alias("_source"))


def _decided(text: DelimitedText, spanning: bool) -> dict[str, str]:
    form = text.scan.form
    return dict(text.options) | {
        "sep": form.sep,
        "quote": form.quote,
        "escape": form.escape,
        "encoding": text.encoding,
        "header": str(bool(text.headers)).lower(),
        "multiLine": str(spanning).lower(),
    }


def _decisions(text: DelimitedText, spanning: bool, malformed: int) -> tuple[str, ...]:
    scan, form = text.scan, text.scan.form
    found = [
        f"separator {format_separator(form.sep)}: {scan.fitting:,} of {scan.lines:,} lines have {form.fields} fields",
        f"encoding {text.encoding}",
    ]
    if text.skipped:
        found.append("the first line `sep=…` sets the separator and is skipped")
    if form.escape != form.quote:
        found.append(f"quotes are escaped by {form.escape}")
    if spanning:
        found.append(
            f"quoted fields span lines: {scan.malformed:,} lines leave a quote open, and every record is complete"
        )
    if text.repeated_headers:
        found.append(f"{text.repeated_headers:,} repeated header lines are skipped")
    if malformed:
        found.append(f"{malformed:,} of {scan.lines - scan.headers:,} lines are malformed and excluded")
    return tuple(found)

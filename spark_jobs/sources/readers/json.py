"""JSON files: objects on lines, concatenated or in arrays, read as strictly as Kafka messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.names import check_names, col, text_schema
from spark_jobs.errors import DataError
from spark_jobs.formats.csv_dialect import canonical_encoding, decode_text, encoding_of
from spark_jobs.formats.json_documents import parse_values
from spark_jobs.formats.json_records import COUNTED, count_records, split
from spark_jobs.formats.messages import JsonFormat
from spark_jobs.sources.files import DataFile, chosen, files_of, fingerprint_of, place_of, reads_of
from spark_jobs.sources.lines import is_wide, read_lines
from spark_jobs.sources.listing import choosing, codes_among, has_colon
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.options import known_options
from spark_jobs.sources.packing import check_packed
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec.models import Source

_BESIDE: Final = ("⟨source⟩", "⟨raw⟩", "⟨reasons⟩")
_LISTING: Final = "path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY"
_MOST_COLUMNS: Final = 10_000
_SHOWN: Final = 20
_LINES: Final = 100


def read(source: Source, spark: SparkSession) -> Table:
    """Read JSON files into text columns: numbers as written, nested values as JSON.

    One pass counts the objects and collects their keys. Files with one object per line are read in parallel. A file
    whose values span lines is read by one task, in chunks.

    Raises:
        DataError: Files are missing, empty or compressed in an unsupported way, contain no object, or are incompatible.
    """
    options = known_options(source)
    path, files = str(source.path), files_of(source, spark)
    source = _by_file(source, files)
    check_packed(files)
    if not any(file.size for file in files):
        raise DataError(f"'{path}' is empty: 0 bytes.", "Name a file that contains JSON objects.")
    parts = _parts(source, options, files, spark)
    found = _Keys.of(parts, path)
    names = tuple(name for name in found.names if name.casefold() not in parts[0].folders_folded)
    rows = reduce(DataFrame.union, (part.split(names) for part in parts))
    columns = check_names((*names, *parts[0].folders))
    marks = null_values_of(source)
    good = rows.where(F.col(_BESIDE[2]).isNull()) if found.refused else rows
    reading = Reading(str(source.kind), path, options, marks, found.decisions)
    return Table(
        replace_null_values(good.select(*map(col, columns)), marks),
        reading,
        fingerprint_of(files),
        _malformed(rows) if found.refused else None,
        found.refused,
        columns,
        reads=reads_of(source, files),
        records=found.records,
        codes=codes_among([file.partition for file in files], marks),
    )


@dataclass(frozen=True)
class _Part:
    """Lines (`value`, `_file`) or, if `encoding` is set, files (`path`, …, `content`), plus partition columns."""

    rows: DataFrame
    encoding: str | None = None

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the partition columns."""
        names = self.rows.columns
        return tuple(names[2:] if self.encoding is None else names[1:-1])

    @property
    def folders_folded(self) -> frozenset[str]:
        """Return the partition columns, case-folded."""
        return frozenset(name.casefold() for name in self.folders)

    def counted(self) -> DataFrame:
        """Return partial counts of records and keys by file."""
        return self.rows.mapInArrow(count_records(self.encoding), COUNTED)

    def split(self, names: Sequence[str]) -> DataFrame:
        """Return one row per record: the cells of `names`, the partition columns, and why it is malformed."""
        text, list_ = T.StringType(), T.ArrayType(T.StringType())
        kinds = {field.name: field.dataType for field in self.rows.schema}
        fields = [(name, text) for name in names] + [(name, kinds[name]) for name in self.folders]
        fields += zip(_BESIDE, (text, text, list_), strict=True)
        schema = T.StructType([T.StructField(name, kind) for name, kind in fields])
        return self.rows.mapInArrow(split(JsonFormat(tuple(names)), schema.names, self.encoding), schema)


def _by_file(source: Source, files: Sequence[DataFile]) -> Source:
    """Return a source that lists each file, if options, partition folders or colons need more than its path."""
    several = bool(choosing(source.options)) or any(file.partition or has_colon(file.path) for file in files)
    return chosen(source, files) if several else source


def _parts(
    source: Source, options: Mapping[str, str], files: Sequence[DataFile], spark: SparkSession
) -> tuple[_Part, ...]:
    """Separate files with one value per line from files whose values span lines."""
    heads = _heads(source, files, spark)
    first = next((head for head in heads.values() if head.strip()), b"")
    encoding = canonical_encoding(options.get("encoding") or encoding_of(first))
    said = options.get("multiLine")
    whole = [said == "true"] if said else [_spans_lines(decode_text(head, encoding)) for head in heads.values()]
    if all(whole):
        return (_files(source, options, encoding, spark),)
    if not any(whole):
        return (_lines(source, options, encoding, spark),)
    known = {file.path: file for file in files}
    inspected = [known.get(path) or DataFile(path, 0, 0, False) for path in heads]
    spanning = list(zip(inspected, whole, strict=True))
    over, lines = (chosen(source, [file for file, spans in spanning if spans == side]) for side in (True, False))
    return _lines(lines, options, encoding, spark), _files(over, options, encoding, spark)


def _heads(source: Source, files: Sequence[DataFile], spark: SparkSession) -> dict[str, bytes]:
    """Return the beginning of each file; only the first line if Python cannot open it."""
    heads = {file.path: file.head() for file in files if file.local and file.size}
    if all(file.local for file in files):
        return heads
    lines = read_lines(spark, place_of(source), "UTF-8", {})
    first = lines.groupBy("_file").agg(F.first(F.col("value").cast("binary")))
    return {row[0]: bytes(row[1]) for row in first.collect()}


def _spans_lines(head: str) -> bool:
    """Return whether values span lines: most lines of the beginning are not complete values.

    An array counts as spanning lines, because it may be too long to read as one line.
    """
    lines = [line for line in head.splitlines()[:_LINES] if line.strip()]
    if head.lstrip().startswith("[") or not lines:
        return True
    some = lines[: max(1, len(lines) - 1)]  # the last line may be truncated
    return 2 * sum(all(value.why is None for value in parse_values([line])) for line in some) < len(some)


def _lines(source: Source, options: Mapping[str, str], encoding: str, spark: SparkSession) -> _Part:
    lines = read_lines(spark, place_of(source), encoding, options)
    text = F.col("value").cast("binary")
    if encoding != "UTF-8" and not is_wide(encoding):
        text = F.decode(text, encoding).cast("binary")
    folders = [name for name in lines.columns if name not in ("value", "_file")]
    return _Part(lines.select(text.alias("value"), "_file", *map(col, folders)))


def _files(source: Source, options: Mapping[str, str], encoding: str, spark: SparkSession) -> _Part:
    """Return the files by name alone if Python can open them; otherwise with their content."""
    place = place_of(source)
    schema = ", ".join(filter(None, (_LISTING, text_schema(*place.partitions))))
    files = place.reader(spark).format("binaryFile").schema(schema).load(place.paths)
    content = (
        F.when(~F.col("path").startswith("file:"), F.col("content")) if _is_elsewhere(place.paths) else F.lit(None)
    )
    folders = [name for name in files.columns if name not in ("path", "modificationTime", "length", "content")]
    return _Part(files.select("path", *map(col, folders), content.cast("binary").alias("content")), encoding)


def _is_elsewhere(paths: Sequence[str]) -> bool:
    return any("://" in path for path in paths)


@dataclass(frozen=True)
class _Keys:
    """The keys of all objects in order of appearance, and the number of records."""

    names: tuple[str, ...]
    records: int
    refused: int
    decisions: tuple[str, ...]

    @classmethod
    def of(cls, parts: Sequence[_Part], path: str) -> _Keys:
        """Collect the keys in one pass over all records.

        Raises:
            DataError: There is no object, a key has incompatible values, or malformed text may hide objects.
        """
        total, keys = _collected(reduce(DataFrame.union, (part.counted() for part in parts)))
        why = f": {total.why}" if total is not None and total.why else ""
        if total is None or total.records == total.nested:
            raise DataError(f"'{path}' contains no JSON object{why}.", "Name a file that contains JSON objects.")
        if total.hidden:
            cause = f"'{total.hidden_file}' has invalid JSON in the middle of a line: {total.hidden}."
            raise DataError(cause, "Fix that line: objects after the error on the same line cannot be found.")
        if len(keys) > _MOST_COLUMNS:
            cause = f"The objects in '{path}' have more than {_MOST_COLUMNS:,} different keys."
            raise DataError(cause, "Use keys as column names; put data into values.")
        _check_kinds(keys)
        told = []
        if total.nested:
            told.append(f"{total.nested:,} of {total.records:,} records are not JSON objects and are excluded{why}")
        return cls(tuple(key.key for key in keys), total.records, total.nested, (*told, *_reported(total, keys)))


def _collected(counted: DataFrame) -> tuple[Any, list[Any]]:
    """Return the totals, and one row per key in order of appearance."""
    sums = [F.sum(name).alias(name) for name in ("objects", "nested", "plain")]
    by_file = counted.groupBy("file", "key").agg(
        *sums, F.min("place").alias("place"), F.max("why").alias("why"), F.max("hidden").alias("hidden")
    )
    nested, plain = F.col("nested") > 0, F.col("plain") > 0
    found = by_file.groupBy("key").agg(
        F.sum("objects").alias("records"), F.sum("nested").alias("nested"), F.sum("plain").alias("plain"),
        F.count("file").alias("files"), F.min("place").alias("place"), F.max("why").alias("why"),
        F.max("hidden").alias("hidden"), F.min(F.when(F.col("hidden").isNotNull(), F.col("file"))).alias("hidden_file"),
        F.min(F.when(nested & ~plain, F.col("file"))).alias("nested_file"),
        F.min(F.when(plain & ~nested, F.col("file"))).alias("plain_file"),
    )  # fmt: skip
    rows = found.orderBy("place", "key").limit(_MOST_COLUMNS + 2).collect()
    return next((row for row in rows if row.key is None), None), [row for row in rows if row.key is not None]


def _check_kinds(keys: Sequence[Any]) -> None:
    """Refuse a key that is nested in one file and a plain value in another.

    Raises:
        DataError: With the key and two of the files.
    """
    for key in keys:
        if key.nested_file and key.plain_file:
            raise DataError(
                f"'{key.key}' has objects or arrays in '{key.nested_file}', and plain values in '{key.plain_file}'.",
                "Write it in one form, or read the files as separate sources.",
            )


def _reported(total: Any, keys: Sequence[Any]) -> list[str]:
    """Describe keys that are missing in some files, and keys that are nested in some objects only."""
    some = [f"'{key.key}' is in {key.files:,} of {total.files:,} files" for key in keys if key.files < total.files]
    mixed = [
        f"'{key.key}' is nested in {key.nested:,} objects and plain in {key.plain:,}: read as text"
        for key in keys
        if key.nested and key.plain
    ]
    return some[:_SHOWN] + mixed[:_SHOWN]


def _malformed(rows: DataFrame) -> DataFrame:
    source, raw, reasons = _BESIDE
    refused = rows.where(F.col(reasons).isNotNull())
    return refused.select(F.col(raw).alias("_raw"), F.col(reasons).alias("_reasons"), F.col(source).alias("_source"))

"""Delimited text: the form is decided by one scan of all lines, torn lines are set apart, nothing shifts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from spark_jobs.data.files import DataFile, find_files, fingerprint_of, location
from spark_jobs.data.form import Form, candidates, encoding_of, header_of, shown, text_of
from spark_jobs.data.lines import Scan, read_lines, reasons, scan_lines
from spark_jobs.data.marks import USUAL, without_marks
from spark_jobs.data.names import check_names, named, quoted
from spark_jobs.data.options import DATES, FILES, known_options
from spark_jobs.data.types import Reading, Table
from spark_jobs.errors import DataError
from spark_jobs.spec.models import Source

OPTIONS: Final = (*FILES, *DATES, "sep", "quote", "escape", "encoding", "header", "comment", "lineSep", "multiLine")
_TORN: Final = "_spark_jobs_torn"


@dataclass(frozen=True)
class _Text:
    """What is known of the text while it is read."""

    path: str
    options: Mapping[str, str]
    names: tuple[str, ...]
    scan: Scan
    encoding: str
    header: bool
    headers: tuple[str, ...] = ()

    @property
    def form(self) -> Form:
        return self.scan.form

    @property
    def utf8(self) -> bool:
        return self.encoding == "UTF-8"

    @property
    def records(self) -> int:
        """Lines that should be records."""
        return self.scan.lines - (self.scan.headers if self.header else 0)

    @property
    def bad(self) -> int:
        """Lines that are torn when read line by line."""
        fitting = self.scan.fitting - (self.scan.headers if self.header else 0)
        return self.records - fitting


def read(source: Source, spark: SparkSession) -> Table:
    """The table of delimited text files of one header.

    Raises:
        DataError: files are missing, empty, or do not have the same header; a name is doubled or reserved.
    """
    options = known_options("csv", source.options, OPTIONS)
    path = str(source.path)
    files = find_files(path, spark)
    heads = _heads(files, path, options, spark)
    text = _understood(source, options, heads, spark)
    reads_records = _spans_lines(text, spark)
    apart = not reads_records and (text.bad or text.scan.not_utf8 or (not text.utf8 and _is_wide(text)))
    raw = _by_line(text, spark) if apart else _by_spark(text, spark, reads_records)
    marks = source.null_values if source.null_values is not None else USUAL
    rows = without_marks(raw, marks)
    torn = _malformed(text, spark) if apart else None
    count = torn.count() if torn is not None and text.scan.not_utf8 else text.bad if torn is not None else 0
    reading = Reading("csv", path, _decided(text, reads_records), tuple(marks), _decisions(text, reads_records, count))
    return Table(rows, reading, fingerprint_of(files), torn if count else None, count, tuple(rows.columns))


def _is_wide(text: _Text) -> bool:
    return text.encoding.startswith("UTF-16")


def _heads(
    files: Sequence[DataFile], path: str, options: Mapping[str, str], spark: SparkSession
) -> dict[str, bytes]:
    """How each file that holds anything begins."""
    if not any(file.size for file in files):
        raise DataError(f"'{path}' is empty: 0 bytes.", "Name a file with a header and rows.")
    if all(file.local for file in files):
        heads = {file.path: file.head() for file in files if file.size}
        return {name: head for name, head in heads.items() if head.strip()} or _blank(path)
    lines = read_lines(spark, location(path), options.get("encoding", "UTF-8"), options)
    place = F.struct(F.col("_metadata.file_block_start"), F.monotonically_increasing_id())
    first = lines.groupBy("_file").agg(F.min_by(F.col("value").cast("binary"), place)).collect()
    return {row[0]: bytes(row[1]) for row in first} or _blank(path)


def _blank(path: str) -> dict[str, bytes]:
    raise DataError(f"'{path}' holds blank lines only.", "Name a file with a header and rows.")


def _understood(source: Source, options: dict[str, str], heads: Mapping[str, bytes], spark: SparkSession) -> _Text:
    path, sample = str(source.path), next(iter(heads.values()))
    encoding = _canonical(options.get("encoding") or encoding_of(sample))
    beginnings = {name: text_of(head, encoding) for name, head in heads.items()}
    forms = candidates(next(iter(beginnings.values())), options)
    if not forms:
        raise DataError(f"The first record of '{path}' cannot be read.", "Check `source.options.sep` and `quote`.")
    header = options.get("header", "true").lower() != "false" and source.names is None
    first_lines = _first_lines(beginnings.values(), options) if header else ()
    lines = read_lines(spark, location(path), encoding, options)
    scans = scan_lines(lines, forms, first_lines, encoding == "UTF-8")
    scan = _likeliest(scans, "sep" in options)
    if not header and scan.common_fields != scan.form.fields and source.names is None:
        form = replace(scan.form, first=("",) * scan.common_fields)
        scan = scan_lines(lines, [form], (), encoding == "UTF-8")[0]
    if encoding == "UTF-8" and "encoding" not in options and scan.is_latin:
        encoding, scan = "ISO-8859-1", replace(scan, not_utf8=0)
        beginnings = {name: text_of(head, encoding) for name, head in heads.items()}
    text = _Text(location(path), options, (), scan, encoding, header, first_lines)
    return replace(text, names=_names(source, text, beginnings))


def _canonical(encoding: str) -> str:
    name = encoding.upper().replace("_", "-")
    plain = {"UTF8": "UTF-8", "LATIN1": "ISO-8859-1", "LATIN-1": "ISO-8859-1", "UTF-16": "UTF-16LE"}
    return plain.get(name, name)


def _first_lines(beginnings: Iterable[str], options: Mapping[str, str]) -> tuple[str, ...]:
    comment = options.get("comment")
    found = []
    for beginning in beginnings:
        lines = (line.rstrip("\r\n") for line in beginning.splitlines(keepends=True))
        found += [next((line for line in lines if line.strip() and not (comment and line.startswith(comment))), "")]
    return tuple(dict.fromkeys(found))


def _likeliest(scans: Sequence[Scan], fixed: bool) -> Scan:
    """The form that most lines fit; a separator that is common inside text only where all lines do."""
    usable = [scan for scan in scans if fixed or not scan.form.weak or scan.fitting == scan.lines]
    strong = [scan for scan in usable if not scan.form.weak] or usable or list(scans)
    return max(strong, key=lambda scan: (scan.fitting, scan.form.fields))


def _names(source: Source, text: _Text, beginnings: Mapping[str, str]) -> tuple[str, ...]:
    if source.names is not None:
        return _given_names(source.names, text)
    if not text.header:
        return tuple(f"_c{position}" for position in range(text.form.fields))
    headers = {
        file: named(header_of(head, text.form, text.options.get("comment", ""))) for file, head in beginnings.items()
    }
    first, names = next(iter(headers.items()))
    for file, others in headers.items():
        if others != names:
            cause = f"'{file}' has the columns {_listed(others)}, '{first}' has {_listed(names)}."
            raise DataError(cause, "Files of one source need the same header; name a glob that leaves the other out.")
    return check_names(names)


def _given_names(names: Sequence[str], text: _Text) -> tuple[str, ...]:
    if len(names) != text.form.fields:
        cause = f"`source.names` has {len(names)} names, the first record has {text.form.fields} fields."
        raise DataError(cause, "Give one name for each field.")
    return check_names(names)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def _spans_lines(text: _Text, spark: SparkSession) -> bool:
    """Whether quoted fields go over line ends: quotes are left open, and every record read so has all its fields."""
    said = text.options.get("multiLine")
    if said is not None:
        return said == "true"
    if not text.scan.torn or text.scan.odd_quotes:
        return False
    schema = f"{_schema(text.names)}, {_TORN} STRING"
    records = _reader(text, spark, True).option("columnNameOfCorruptRecord", _TORN).schema(schema).csv(text.path)
    quote = text.form.quote
    swallowed = F.exists(
        F.array(*(F.col(quoted(name)) for name in text.names)),
        lambda cell: cell.startswith(quote) & cell.contains("\n"),
    )
    row = records.agg(F.count(_TORN), F.count_if(swallowed)).collect()[0]
    return not row[0] and not row[1]


def _schema(names: Sequence[str]) -> str:
    return ", ".join(f"{quoted(name)} STRING" for name in names)


def _csv_options(text: _Text) -> dict[str, str]:
    width = len(text.names)
    options = {name: value for name, value in text.options.items() if name in (*FILES, "lineSep", "comment")}
    return options | {
        "sep": text.form.sep,
        "quote": text.form.quote,
        "escape": text.form.escape,
        "ignoreLeadingWhiteSpace": "true",
        "ignoreTrailingWhiteSpace": "true",
        "maxColumns": str(max(20480, width + 1)),
    }


def _reader(text: _Text, spark: SparkSession, multi_line: bool) -> DataFrameReader:
    reader = spark.read.options(**_csv_options(text)).option("encoding", text.encoding)
    return reader.option("header", text.header).option("multiLine", multi_line)


def _by_spark(text: _Text, spark: SparkSession, multi_line: bool) -> DataFrame:
    return _reader(text, spark, multi_line).schema(_schema(text.names)).csv(text.path)


def _lines(text: _Text, spark: SparkSession) -> DataFrame:
    lines = read_lines(spark, text.path, text.encoding, text.options)
    if not text.utf8 and not _is_wide(text):
        lines = lines.withColumn("value", F.decode(F.col("value").cast("binary"), text.encoding))
    if text.header:
        lines = lines.where(~F.col("value").isin(list(text.headers)))
    return lines.withColumn("_reasons", reasons(text.form, text.utf8))


def _by_line(text: _Text, spark: SparkSession) -> DataFrame:
    lines = _lines(text, spark).where(F.size("_reasons") == 0)
    more = [name for name in lines.columns if name not in ("value", "_file", "_reasons")]
    record = F.from_csv("value", F.lit(_schema(text.names)), _csv_options(text))
    return lines.select(record.alias("record"), *more).select("record.*", *more)


def _malformed(text: _Text, spark: SparkSession) -> DataFrame:
    torn = _lines(text, spark).where(F.size("_reasons") > 0)
    return torn.select(F.make_valid_utf8("value").alias("_raw"), "_reasons", F.col("_file").alias("_source"))


def _decided(text: _Text, multi_line: bool) -> dict[str, str]:
    return dict(text.options) | {
        "sep": text.form.sep,
        "quote": text.form.quote,
        "escape": text.form.escape,
        "encoding": text.encoding,
        "header": str(text.header).lower(),
        "multiLine": str(multi_line).lower(),
    }


def _decisions(text: _Text, multi_line: bool, torn: int) -> tuple[str, ...]:
    scan, form = text.scan, text.form
    lines = [f"separator {shown(form.sep)}: {scan.fitting:,} of {scan.lines:,} lines have {form.fields} fields"]
    lines += [f"encoding {text.encoding}"]
    if form.escape != form.quote:
        lines += [f"quotes are escaped by {form.escape}"]
    if multi_line:
        lines += [f"quoted fields go over line ends: {scan.torn:,} lines leave a quote open, every record is whole"]
    if torn:
        lines += [f"{torn:,} of {text.records:,} lines are torn and set apart"]
    return tuple(lines)

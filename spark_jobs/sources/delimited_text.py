"""Detect the dialect, encoding and column names of a delimited text from all its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pyspark.sql import DataFrame

from spark_jobs.columns.names import check_names, fill_names
from spark_jobs.errors import DataError, format_list
from spark_jobs.formats.csv_dialect import (
    Dialect,
    candidate_dialects,
    canonical_encoding,
    decode_text,
    encoding_of,
    header_of,
)
from spark_jobs.formats.dialect_scores import DialectScore, scans
from spark_jobs.formats.line_counts import LineCounts
from spark_jobs.sources.files import DataFile, Place, place_of
from spark_jobs.sources.lines import count_lines, is_wide
from spark_jobs.sources.local_lines import count_here, is_small
from spark_jobs.spec.models import Source

Lines = Callable[[str], DataFrame]
_Counter = Callable[[Sequence[Dialect]], list[LineCounts]]
# Cached while the files do not change: a source may be inspected before Spark is started, and then again.
_counted_here = lru_cache(maxsize=8)(count_here)
_SEP = re.compile(b'"?sep=[^\r\n]"?')
_SEP_LINE = re.compile(rb"^\s*" + _SEP.pattern + rb"[\r\n]*")


@dataclass(frozen=True)
class DelimitedText:
    """A delimited text: its place, how to read it, and its column names.

    Attributes:
        place: The paths to read.
        options: The reader options of the spec.
        encoding: The encoding.
        scan: The dialect, and how well the lines fit it.
        headers: The first lines of the files, as bytes; empty if the first line is a row.
        files: The number of files that are not blank.
        names: The column names.
        skipped: The lines `sep=…`, with which Excel declares the separator.
        skips: The number of files that begin with such a line.
    """

    place: Place
    options: Mapping[str, str]
    encoding: str
    scan: DialectScore
    headers: tuple[bytes, ...]
    files: int
    names: tuple[str, ...] = ()
    skipped: tuple[bytes, ...] = ()
    skips: int = 0

    @property
    def utf8(self) -> bool:
        """Return whether the encoding is UTF-8, in which bytes can be invalid."""
        return self.encoding == "UTF-8"

    @property
    def has_malformed_lines(self) -> bool:
        """Return whether a line is not a complete record."""
        return self.scan.fitting < self.scan.lines or self.scan.not_utf8 > 0

    @property
    def repeated_headers(self) -> int:
        """Return the number of header lines that are not the first line of a file."""
        return max(0, self.scan.headers - self.files * bool(self.headers) - self.skips)

    @property
    def no_rows(self) -> tuple[bytes, ...]:
        """Return the lines that are not rows: headers, and the lines with which Excel declares the separator."""
        return (*self.headers, *self.skipped)


def detect_dialect(
    source: Source,
    options: Mapping[str, str],
    files: Sequence[DataFile],
    heads: Mapping[str, bytes],
    lines: Lines,
) -> DelimitedText:
    """Detect the dialect of a text: its beginning gives the candidates, and one scan of all lines decides.

    Args:
        source: The source in the spec.
        options: The reader options.
        files: The data files.
        heads: The beginning of each file.
        lines: Returns all lines, read by Spark in an encoding. It is called only for text that is not counted here.

    Raises:
        DataError: No dialect fits, headers differ between files, or a name is duplicate or reserved.
    """
    first = next(iter(heads.values()))
    encoding = canonical_encoding(options.get("encoding") or encoding_of(first))
    header = options.get("header", "true") != "false" and source.names is None
    comment = options.get("comment", "")
    skips = [line for head in heads.values() if _SEP.fullmatch(line := _first_line(head, encoding, comment))]
    if skips:
        heads = {file: _without_sep(head, encoding) for file, head in heads.items()}
        options = {"sep": skips[0].strip(b'"').decode("utf-8", "replace")[4:], **options}
        first = next(iter(heads.values()))
    headers = tuple({_first_line(head, encoding, comment) for head in heads.values()}) if header else ()
    counter = _counter(options, files, encoding, (*headers, *set(skips)), lines)
    scan = _scan(source, options, counter, bool(headers), decode_text(first, encoding))
    if "encoding" not in options and encoding == "UTF-8" and scan.is_latin:
        encoding, scan = "ISO-8859-1", replace(scan, not_utf8=0)
    place, skipped = place_of(source, files), tuple(set(skips))
    text = DelimitedText(place, options, encoding, scan, headers, len(heads), (), skipped, len(skips))
    return replace(text, names=_names(source, text, heads))


def _without_sep(head: bytes, encoding: str) -> bytes:
    """Return the beginning of a text without the line with which Excel declares the separator."""
    if is_wide(encoding):
        return _SEP_LINE.sub(b"", decode_text(head, encoding).encode()).decode().encode(encoding)
    return _SEP_LINE.sub(b"", head.removeprefix(b"\xef\xbb\xbf"))


def _first_line(head: bytes, encoding: str, comment: str) -> bytes:
    """Return the first non-blank line as Spark reads it: no line end, no byte order mark."""
    plain = decode_text(head, encoding).encode() if is_wide(encoding) else head.removeprefix(b"\xef\xbb\xbf")
    lines = plain.replace(b"\r", b"\n").split(b"\n")
    return next((line for line in lines if line.strip() and not (comment and line.startswith(comment.encode()))), b"")


def _counter(
    options: Mapping[str, str], files: Sequence[DataFile], encoding: str, headers: Sequence[bytes], lines: Lines
) -> _Counter:
    """Return a function that counts lines: in this process if that is fast, else with Spark."""
    utf8 = encoding == "UTF-8"
    if is_small(files, options) and not is_wide(encoding):
        comment = options.get("comment", "")
        return lambda forms: _counted_here(tuple(files), tuple(forms), tuple(headers), utf8, comment)
    counted = lines(encoding)
    return lambda forms: count_lines(counted, forms, headers, utf8)


def _scan(source: Source, options: Mapping[str, str], counter: _Counter, headed: bool, begin: str) -> DialectScore:
    def best(forms: Sequence[Dialect], known: Sequence[DialectScore] = ()) -> DialectScore:
        found = [*known, *scans(counter(forms), forms)]
        return max(found, key=lambda scan: _likelihood(scan, "sep" in options))

    forms = candidate_dialects(begin, options)
    if not forms:
        cause = f"The first record of '{source.path}' cannot be read."
        raise DataError(cause, "Check `source.options.sep` and `quote`.")
    scan = best(forms)
    if scan.escapes and scan.fitting < scan.lines and "escape" not in options:
        scan = best(candidate_dialects(begin, {**options, "escape": "\\"}), [scan])
    if not headed and source.names is None and scan.common_fields != scan.form.fields:
        scan = best([replace(scan.form, first=("",) * scan.common_fields)])
    return scan


def _likelihood(scan: DialectScore, fixed: bool) -> tuple[int, int, int]:
    """Rank dialects by the lines that fit; a separator common inside text counts only if all lines fit."""
    several = scan.form.fields > 1
    if scan.form.weak and not fixed:
        return (1 if several and scan.fitting == scan.lines else -1, scan.fitting, scan.form.fields)
    return (2 if several else 0, scan.fitting, scan.form.fields)


def _names(source: Source, text: DelimitedText, heads: Mapping[str, bytes]) -> tuple[str, ...]:
    form = text.scan.form
    if source.names is not None:
        if len(source.names) != form.fields:
            cause = f"`source.names` has {len(source.names)} names, but the first record has {form.fields} fields."
            raise DataError(cause, "Give one name for each field.")
        return check_names(source.names)
    if not text.headers:
        return tuple(f"_c{position}" for position in range(form.fields))
    comment = text.options.get("comment", "")
    headers = {
        file: fill_names(header_of(decode_text(head, text.encoding), form, comment)) for file, head in heads.items()
    }
    first, names = next(iter(headers.items()))
    for file, others in headers.items():
        if others != names:
            cause = f"'{file}' has the columns {format_list(others)}, '{first}' has {format_list(names)}."
            raise DataError(cause, "All files of a source need the same header; use a glob that excludes the others.")
    return check_names(names)

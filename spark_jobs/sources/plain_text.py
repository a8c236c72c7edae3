"""Split delimited text with one record per line by Arrow: in this process if it is small, else in Spark's workers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.formats.line_counts import joined_bytes
from spark_jobs.sources.delimited_text import DelimitedText
from spark_jobs.sources.files import DataFile
from spark_jobs.sources.local_lines import is_small
from spark_jobs.sources.options import DATES, FILES

_BLOCK: Final = 8 * 2**20
_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\r\n")
_KNOWN: Final = ("sep", "quote", "escape", "encoding", "header", *DATES)


class NotHere(Exception):
    """Arrow may read this text differently from Spark."""


class Cells(NamedTuple):
    """A column's cells as text, trimmed and null if missing; whether all were trimmed before; the null values found."""

    values: pa.Array
    trimmed: bool
    null_values: tuple[str, ...]


@dataclass(frozen=True)
class PlainText:
    """Files in which every line is a record and every separator divides two cells, judging by their lines.

    `rows` is the number of records in all files. `headers` are the first lines of the files, if they are headers.
    `local` means that the files are small and on this machine.
    """

    files: tuple[DataFile, ...]
    names: tuple[str, ...]
    sep: str
    quote: str
    headers: tuple[bytes, ...]
    rows: int
    marks: tuple[str, ...]
    local: bool

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Split the local files into batches of cells, as text and untrimmed.

        Raises:
            NotHere: A file has unusual quotes, control characters or blank lines.
        """
        rows = 0
        for file in self.files:
            for batch in self._read(Path(file.path).read_bytes(), skipped=int(bool(self.headers))):
                rows += batch.num_rows
                yield batch
        if rows != self.rows:
            raise NotHere(f"{rows} records instead of {self.rows}")

    def split_lines(self, lines: pa.Array) -> Iterator[pa.RecordBatch]:
        """Split lines (Arrow binary with line ends) into cells, as `batches` does; headers are skipped.

        Raises:
            NotHere: As for `batches`.
        """
        if self.headers:
            headers = pa.array([header + b"\n" for header in self.headers], lines.type)
            lines = lines.filter(pc.invert(pc.is_in(lines, value_set=headers)))
        if not len(lines):
            return
        batches = list(self._read(joined_bytes(lines), skipped=0))
        if sum(batch.num_rows for batch in batches) != len(lines):
            raise NotHere("a line is not a record")
        yield from batches

    def _read(self, data: bytes, skipped: int) -> Iterator[pa.RecordBatch]:
        if len(data.translate(None, _CONTROLS)) < len(data):
            raise NotHere("control characters")
        quoted = bool(self.quote) and self._is_quoted(data)
        names = [str(place) for place in range(len(self.names))]  # Arrow could meet duplicate names
        reading = csv.ReadOptions(column_names=names, skip_rows=skipped, block_size=_BLOCK)
        parsing = csv.ParseOptions(delimiter=self.sep, quote_char=self.quote if quoted else False, double_quote=quoted)
        converting = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        try:
            yield from csv.open_csv(pa.BufferReader(data), reading, parsing, converting)
        except pa.ArrowInvalid as error:
            raise NotHere(str(error)) from error

    def _is_quoted(self, data: bytes) -> bool:
        """Return whether fields are quoted, each from end to end; CSV readers disagree about a quote anywhere else."""
        quote = self.quote.encode()
        if quote not in data:
            return False
        end = re.escape(self.sep.encode()) + rb"\r\n"
        mark = re.escape(quote)
        whole = rb"(?<![^%b])%b(?:[^%b\r\n]|%b%b)*+%b(?![^%b])" % (end, mark, mark, mark, mark, mark, end)
        if b"\t" in data or quote in re.sub(whole, b"", data):
            raise NotHere("quotes inside fields, or tabs that may hide them")
        return True

    def cells(self, column: pa.Array) -> Cells:
        """Trim the cells of a column of `batches` or `split_lines`, and replace null values."""
        text = pc.utf8_trim(column, BLANKS)
        missing = pc.is_in(text, value_set=pa.array(self.marks, pa.string()))
        marks = tuple(pc.unique(text.filter(missing)).to_pylist())
        return Cells(pc.if_else(missing, None, text) if marks else text, _bytes(text) == _bytes(column), marks)


def _bytes(text: pa.Array) -> int:
    return pc.sum(pc.binary_length(text)).as_py() or 0


def plain_text(text: DelimitedText, files: Sequence[DataFile], marks: Sequence[str]) -> PlainText | None:
    """Return the text for splitting by Arrow; None if it is not plain."""
    scan, form = text.scan, text.scan.form
    plain = set(text.options) <= {*_KNOWN, *FILES} and form.escape in ("", form.quote)
    whole = (
        not text.has_malformed_lines
        and not text.repeated_headers
        and not text.skipped
        and text.utf8
        and len(files) == text.files
    )
    if any(file.partition for file in files) or not (plain and whole and len(form.sep) == 1 and form.sep.isascii()):
        return None
    rows = scan.lines - (text.files if text.headers else 0)
    local = is_small(files, text.options)
    return PlainText(tuple(files), text.names, form.sep, form.quote, text.headers, rows, tuple(marks), local)

"""Count the lines of a small local text in this process, because a Spark job would take longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pyarrow as pa

from spark_jobs.formats.csv_dialect import Dialect
from spark_jobs.formats.line_counts import LineCounts
from spark_jobs.sources.files import DataFile
from spark_jobs.sources.options import FILES

LARGEST: Final = 64 * 2**20
BLOCK: Final = 8 * 2**20
_BLANKS: Final = bytes(range(33))  # as `lines.BLANKS`
_BOM: Final = b"\xef\xbb\xbf"


def is_small(files: Sequence[DataFile], options: Mapping[str, str]) -> bool:
    """Return whether the files are small, local and uncompressed, and no option selects files or line ends."""
    special = any(name in options for name in (*FILES, "lineSep"))
    return not special and all(file.plain for file in files) and sum(file.size for file in files) <= LARGEST


def count_here(
    files: Sequence[DataFile], forms: Sequence[Dialect], headers: Sequence[bytes], utf8: bool, comment: str
) -> list[LineCounts]:
    """Count the lines of each file for each dialect, with the same result as `lines.count_lines`."""
    return [_counted(file, forms, headers, utf8, comment.encode()) for file in files]


def _counted(
    file: DataFile, forms: Sequence[Dialect], headers: Sequence[bytes], utf8: bool, comment: bytes
) -> LineCounts:
    counts = LineCounts()
    for block in _blocks(file.path):
        lines = [
            line for line in block.splitlines() if line.strip(_BLANKS) and not (comment and line.startswith(comment))
        ]
        counts.add(pa.array(lines, pa.binary()), forms, headers, utf8)
    return counts


def _blocks(path: str) -> Iterator[bytes]:
    """Yield the text in blocks that end at a line end, without a byte order mark."""
    with open(path, "rb") as file:
        rest = file.read(len(_BOM)).removeprefix(_BOM)
        while more := file.read(BLOCK):
            whole = rest + more
            # A carriage return at the very end may be the first half of `\r\n`.
            end = max(whole.rfind(b"\n"), whole.rfind(b"\r", 0, -1)) + 1
            rest = whole[end:]
            yield whole[:end]
        yield rest

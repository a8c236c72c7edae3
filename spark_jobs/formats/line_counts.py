"""Count properties of lines, per batch of bytes, to compare dialects. Counts of batches add up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.formats.csv_dialect import Dialect, field_regex, open_regex


@dataclass
class FormCounts:
    """Counts for one dialect.

    `fitting` lines have the dialect's number of fields; `malformed` lines leave a quote open. `quotes` counts quote
    characters, `escapes` counts lines with a backslash before a quote, `by_fields` counts lines by number of fields.
    """

    fitting: int = 0
    malformed: int = 0
    quotes: int = 0
    escapes: int = 0
    by_fields: Counter[int] = field(default_factory=Counter)


@dataclass
class LineCounts:
    """Counts of lines, independent of a dialect and for each dialect."""

    lines: int = 0
    headers: int = 0
    not_utf8: int = 0
    beyond_ascii: int = 0
    forms: tuple[FormCounts, ...] = ()

    def add(self, values: pa.Array, forms: Sequence[Dialect], headers: Sequence[bytes], utf8: bool) -> None:
        """Count a batch of lines (Arrow binary)."""
        self.forms = self.forms or tuple(FormCounts() for _ in forms)
        self.lines += len(values)
        if headers:
            found = pc.is_in(values, value_set=pa.array(headers, values.type))
            self.headers += pc.sum(found).as_py() or 0
        beyond, wrong = _encoded(values)
        self.beyond_ascii += beyond
        self.not_utf8 += wrong if utf8 else 0
        for counts, form in zip(self.forms, forms, strict=True):
            _add_form(counts, values, form)


def _encoded(values: pa.Array) -> tuple[int, int]:
    """Return how many lines have characters beyond ASCII, and how many are not UTF-8."""
    if joined_bytes(values).isascii():
        return 0, 0
    suspects = [line for line in values.to_pylist() if not line.isascii()]
    wrong = sum(not _is_utf8(line) for line in suspects)
    return len(suspects) - wrong, wrong


def joined_bytes(values: pa.Array) -> bytes:
    """Return the bytes of all values (Arrow binary without nulls), concatenated."""
    offsets = np.frombuffer(values.buffers()[1], dtype=np.int32)[values.offset :]
    start, end = (int(offsets[0]), int(offsets[len(values)])) if len(values) else (0, 0)
    return values.buffers()[2].slice(start, end - start).to_pybytes() if end > start else b""


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _add_form(counts: FormCounts, values: pa.Array, form: Dialect) -> None:
    fields = _counted(values, form.sep.encode()) + 1
    malformed = np.zeros(len(values), dtype=bool)
    quoted = _quoted(values, form)
    if len(quoted):
        lines = values.take(pa.array(quoted)).to_pylist()
        plain = [_unescaped(line, form) for line in lines]
        outside = [_field(form).sub(rb"\1", line) for line in plain]
        fields[quoted] = [line.count(form.sep.encode()) + 1 for line in outside]
        malformed[quoted] = [bool(_open(form).search(line)) for line in outside]
        counts.escapes += sum(b"\\" + form.quote.encode() in line for line in lines)
        counts.quotes += sum(line.count(form.quote.encode()) for line in plain)
    counts.fitting += int(((fields == form.fields) & ~malformed).sum())
    counts.malformed += int(malformed.sum())
    present, rows = np.unique(fields, return_counts=True)
    counts.by_fields.update(dict(zip(present.tolist(), rows.tolist(), strict=True)))


def _counted(values: pa.Array, part: bytes) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = pc.count_substring(values, part).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _quoted(values: pa.Array, form: Dialect) -> npt.NDArray[np.int64]:
    """Return the positions of lines that contain a quote."""
    if not form.quote:
        return np.array([], dtype=np.int64)
    found = pc.match_substring(values, form.quote.encode()).to_numpy(zero_copy_only=False)
    return np.flatnonzero(found)


def _unescaped(line: bytes, form: Dialect) -> bytes:
    quote, escape = form.quote.encode(), form.escape.encode()
    if escape == quote:
        return line.replace(quote * 2, b"")
    return line.replace(escape * 2, b"").replace(escape + quote, b"")


def _field(form: Dialect) -> re.Pattern[bytes]:
    return re.compile(field_regex(form).encode())


def _open(form: Dialect) -> re.Pattern[bytes]:
    return re.compile(open_regex(form).encode())


def to_row(file: str, counts: LineCounts) -> dict[str, Any]:
    """Return the counts as plain values."""
    forms = [
        [one.fitting, one.malformed, one.quotes, one.escapes, sorted(one.by_fields.items())] for one in counts.forms
    ]
    plain = (counts.lines, counts.headers, counts.not_utf8, counts.beyond_ascii)
    return {"file": file, "plain": plain, "forms": forms}


def from_rows(rows: Iterable[dict[str, Any]]) -> dict[str, LineCounts]:
    """Sum the counts by file, from rows of any number of partitions."""
    found: dict[str, LineCounts] = {}
    for row in rows:
        whole = found.setdefault(row["file"], LineCounts(forms=tuple(FormCounts() for _ in row["forms"])))
        for name, more in zip(("lines", "headers", "not_utf8", "beyond_ascii"), row["plain"], strict=True):
            setattr(whole, name, getattr(whole, name) + more)
        for counts, (fitting, malformed, quotes, escapes, by_fields) in zip(whole.forms, row["forms"], strict=True):
            counts.fitting += fitting
            counts.malformed += malformed
            counts.quotes += quotes
            counts.escapes += escapes
            counts.by_fields.update(dict(by_fields))
    return found

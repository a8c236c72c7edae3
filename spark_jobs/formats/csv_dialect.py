"""Candidate dialects of a delimited text, from its beginning. A scan of all lines then chooses one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Final

from spark_jobs.errors import DataError

SEPARATORS: Final = (",", ";", "\t", "|")
WEAK: Final = (" ", ":")  # common inside text too: chosen only if every line agrees
_ENCODINGS: Final = {"UTF8": "UTF-8", "LATIN1": "ISO-8859-1", "LATIN-1": "ISO-8859-1", "UTF-16": "UTF-16LE"}
NAMES: Final = {"\t": "tab", " ": "blank", ",": "comma", ";": "semicolon", "|": "bar", ":": "colon"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to split lines into fields.

    `first` are the fields of the first record; `first_lines` is the number of lines that it spans.
    """

    sep: str
    quote: str
    escape: str
    first: tuple[str, ...]
    first_lines: int = 1

    @property
    def fields(self) -> int:
        """Return the number of fields in a record."""
        return len(self.first)

    @property
    def weak(self) -> bool:
        """Return whether the separator is also common inside text."""
        return self.sep in WEAK


def encoding_of(head: bytes) -> str:
    """Detect the encoding from the first bytes: a byte order mark, or the zero bytes of UTF-16; else UTF-8."""
    marks = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16LE", b"\xfe\xff": "UTF-16BE"}
    for mark, name in marks.items():
        if head.startswith(mark):
            return name
    even, odd = head[0:2000:2].count(0), head[1:2000:2].count(0)
    many, few = 0.2 * len(head[:2000]), 0.05 * len(head[:2000])
    if odd > many and even < few:
        return "UTF-16LE"
    return "UTF-16BE" if even > many and odd < few else "UTF-8"


def canonical_encoding(encoding: str) -> str:
    """Return the name of an encoding that both Spark and Python accept."""
    name = encoding.upper().replace("_", "-")
    return _ENCODINGS.get(name, name)


def decode_text(head: bytes, encoding: str) -> str:
    """Decode the beginning of a file, without a byte order mark.

    Raises:
        DataError: Python does not support the encoding.
    """
    try:
        return head.decode(encoding, "replace").removeprefix("\ufeff")
    except LookupError:
        raise DataError(f"The encoding '{encoding}' is not supported.", "Use utf-8, iso-8859-1 or utf-16.") from None


def candidate_dialects(head: str, options: Mapping[str, str]) -> list[Dialect]:
    """Return the dialects that fit the beginning of a text, the most likely first.

    Separator, quote and escape are fixed if the options set them.
    """
    head = _without_comments(head, options.get("comment", ""))
    quote = options.get("quote", '"')
    separators = [options["sep"]] if "sep" in options else [*SEPARATORS, *WEAK]
    escape = options.get("escape", quote or '"')
    forms = [form for sep in separators if (form := _form(head, sep, quote, escape))]
    several = [form for form in forms if form.fields > 1 and not (form.weak and form.fields < 3)]
    alone = [form for form in forms if form.sep == separators[0]]
    if "sep" in options or not several:
        return alone
    return several + alone if all(form.weak for form in several) else several


def header_of(head: str, form: Dialect, comment: str = "") -> tuple[str, ...]:
    """Return the fields of the first record of another text with the same dialect."""
    found = _form(_without_comments(head, comment), form.sep, form.quote, form.escape)
    return found.first if found else ()


def _without_comments(head: str, comment: str) -> str:
    lines: Iterator[str] = iter(head.splitlines(keepends=True))
    return "".join(line for line in lines if not (comment and line.startswith(comment)))


def _form(head: str, sep: str, quote: str, escape: str) -> Dialect | None:
    doubled = escape == quote
    reader = csv.reader(
        StringIO(head, newline=""),
        delimiter=sep,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        doublequote=doubled,
        escapechar=None if doubled else escape,
        skipinitialspace=not sep.isspace(),
    )
    before = 0
    try:
        for record in reader:
            if any(field.strip() for field in record) or len(record) > 1:
                return Dialect(sep, quote, escape, tuple(record), reader.line_num - before)
            before = reader.line_num
    except csv.Error:
        return None
    return None


def format_separator(sep: str) -> str:
    """Return the name of a separator for messages."""
    return NAMES.get(sep, repr(sep))


def field_regex(form: Dialect) -> str:
    """Return a Java regular expression for one complete quoted field; the separator before it is group 1.

    It expects text whose escaped quotes are already removed.
    """
    sep, quote = re.escape(form.sep), re.escape(form.quote)
    pad = "" if form.sep.isspace() else "[ \\t]*"
    return f"(^|{sep}){pad}{quote}[^{quote}]*+{quote}{pad}(?={sep}|$)"


def open_regex(form: Dialect) -> str:
    """Return a Java regular expression for a field that begins with a quote.

    A line that still matches it after the complete fields are removed is malformed.
    """
    pad = "" if form.sep.isspace() else "[ \\t]*"
    return f"(?:^|{re.escape(form.sep)}){pad}{re.escape(form.quote)}"

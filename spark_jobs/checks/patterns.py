"""Regular expressions of checks: RE2 syntax, matched in linear time by RE2 or by Java."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

_CLASS: Final = r"\[(?:\w-\w|[\w ,:;/@#.]|\\[dw.-])+\]"
_ONE: Final = rf"(?:[\w ,:;/@#%&=-]|\\[dw!-/:-@\[-`{{-~]|{_CLASS})"
_FIXED: Final = rf"(?:{_ONE}(?:\{{\d{{1,3}}\}})?)*"
_VARIABLE: Final = rf"{_ONE}(?:[*+?]|\{{\d{{1,3}},\d{{0,3}}\}})"
_IN_JAVA: Final = re.compile(rf"{_FIXED}(?:{_VARIABLE}{_FIXED})?", re.ASCII)


def matches_pattern(text: Column, pattern: str) -> Column:
    """Return whether a text matches a pattern in full; null for null.

    RE2 needs the rows in Python, which costs more than everything else in a check. Java therefore matches the patterns
    that mean the same to both engines and cannot backtrack for long (`runs_in_java`).

    Args:
        text: A text column.
        pattern: A pattern in RE2 syntax.
    """
    whole = rf"\A(?:{pattern})\z"
    return F.rlike(text, F.lit(whole)) if runs_in_java(pattern) else _by_re2(text, whole)


def runs_in_java(pattern: str) -> bool:
    r"""Return whether Java gives RE2's answer in linear time.

    That holds for a sequence of ASCII characters and classes without negation, of which at most one repeats a variable
    number of times: Java then tries each number of repetitions once. Java's `\s` and `.` have other characters.

    >>> runs_in_java(r"[A-Z]{2}-\d+"), runs_in_java(r"\w+\d+"), runs_in_java("(a|b)"), runs_in_java(r"\s")
    (True, False, False, False)
    """
    return _IN_JAVA.fullmatch(pattern) is not None


def _by_re2(text: Column, whole: str) -> Column:
    """Match with RE2 in Arrow, once per distinct text of a batch."""

    def matched(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
        for values in batches:
            coded = values.dictionary_encode()
            yield pc.match_substring_regex(coded.dictionary, whole).take(coded.indices)

    udf: Any = arrow_udf(matched, "boolean")  # type: ignore[call-overload]
    found: Column = udf(text)
    return found

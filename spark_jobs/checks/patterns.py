"""Regular expressions in linear time: RE2 through Arrow, or Java's engine where it provably does not backtrack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from spark_jobs.checks.plain_patterns import plain_java


def matches_pattern(text: Column, pattern: str) -> Column:
    """Return whether a text matches a pattern in full; null for null.

    The pattern is RE2 syntax. Java runs it if `plain_java` can translate it, otherwise Arrow does.
    """
    java = plain_java(pattern)
    # Sending rows to Python and back costs more than everything else in a check.
    return _by_re2(text, pattern) if java is None else F.rlike(text, F.lit(java))


def _by_re2(text: Column, pattern: str) -> Column:
    """Match with RE2 in Arrow, once per distinct text of a batch."""
    whole = rf"\A(?:{pattern})\z"

    def inspected(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
        for values in batches:
            coded = values.dictionary_encode()
            yield pc.match_substring_regex(coded.dictionary, whole).take(coded.indices)

    udf: Any = arrow_udf(inspected, "boolean")  # type: ignore[call-overload]
    found: Column = udf(text)
    return found

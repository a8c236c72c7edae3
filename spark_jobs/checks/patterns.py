"""Regular expressions in time that is linear in the text: by RE2, as Arrow has it, or by Java where that is certain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from spark_jobs.checks.plain_patterns import plain_java


def not_matching(text: Column, pattern: str) -> Column:
    """Whether a text does not match as a whole; a missing one does."""
    java = plain_java(pattern)
    # To send rows to Python and back costs more than all else that a check does.
    return _by_re2(text, pattern) if java is None else F.coalesce(~F.rlike(text, F.lit(java)), F.lit(False))


def _by_re2(text: Column, pattern: str) -> Column:
    """Each distinct text of a batch is asked once."""
    whole = rf"\A(?:{pattern})\z"

    def inspected(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
        for values in batches:
            coded = values.dictionary_encode()
            fits = pc.match_substring_regex(coded.dictionary, whole)
            yield pc.fill_null(pc.invert(fits).take(coded.indices), False)

    udf: Any = arrow_udf(inspected, "boolean")  # type: ignore[call-overload]
    found: Column = udf(text)
    return found

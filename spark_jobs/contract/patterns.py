"""Regular expressions by an engine whose time is linear in the text: RE2, as Arrow has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql.pandas.functions import arrow_udf


def unlike(text: Column, pattern: str) -> Column:
    """Whether a text does not match as a whole; a missing one does. Each distinct text of a batch is asked once."""
    whole = rf"\A(?:{pattern})\z"

    def looked(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
        for values in batches:
            coded = values.dictionary_encode()
            fits = pc.match_substring_regex(coded.dictionary, whole)
            yield pc.fill_null(pc.invert(fits).take(coded.indices), False)

    udf: Any = arrow_udf(looked, "boolean")  # type: ignore[call-overload]
    found: Column = udf(text)
    return found

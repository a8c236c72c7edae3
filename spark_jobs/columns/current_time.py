"""The current time as a column."""

from __future__ import annotations

from time import time_ns

from pyspark.sql import Column
from pyspark.sql import functions as F


def current_timestamp(cell: Column) -> Column:
    """Return the current time as a TIMESTAMP column.

    Spark puts a constant timestamp into its generated code, so Java would compile the code again for each write.
    Looking it up in an array by a hash of `cell` keeps it out of the code.
    """
    return F.timestamp_micros(F.get(F.array(F.lit(time_ns() // 1000)), F.hash(cell) % 1))

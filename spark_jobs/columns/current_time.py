"""This moment, as a column."""

from __future__ import annotations

from time import time_ns

from pyspark.sql import Column
from pyspark.sql import functions as F


def current_timestamp(cell: Column) -> Column:
    """This moment, as a TIMESTAMP beside a cell of the row.

    Spark writes a constant moment into the code that it makes for rows: each write would have code of its own, which
    Java would begin to compile anew. Looked up in an array by something of the row, it is no part of the code.
    """
    return F.timestamp_micros(F.get(F.array(F.lit(time_ns() // 1000)), F.hash(cell) % 1))

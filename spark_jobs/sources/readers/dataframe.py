"""A DataFrame of Spark or pandas that a program hands over: a temporary view of the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.columns.names import check_names
from spark_jobs.errors import DataError, JobError, SpecError
from spark_jobs.sources.options import known_options
from spark_jobs.sources.readers.delta import stored_table
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec.models import Source

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MAX_PANDAS_BYTES: Final = 10**9
_UNSIGNED: Final = {"uint8": "int16", "uint16": "int32", "uint32": "int64", "halffloat": "float32"}


def read(source: Source, spark: SparkSession) -> Table:
    """Read the view of a DataFrame, with its stored types; the same rows always have the same fingerprint.

    Raises:
        SpecError: the session has no such view.
        DataError: a column name is given twice, or is reserved.
    """
    options = known_options(source)
    view = str(source.table)
    if not spark.catalog.tableExists(view):
        raise SpecError(
            f"`source.table`: this session has no DataFrame '{view}'.",
            "Hand it over again: `source=frame`. To score other rows, give `input`.",
        )

    def load(asked: Mapping[str, str]) -> DataFrame:
        return spark.table(view)

    return stored_table(load, None, source, Reading(str(source.kind), f"DataFrame {view}", options, ()))


def register(frame: Any, view: str, spark: SparkSession) -> None:
    """Make a DataFrame of Spark or pandas a temporary view of the session; one of that name is replaced.

    Args:
        frame: the rows. The index of a pandas frame is left out.
        view: the name of the view.
        spark: the session, which a frame of Spark must belong to.

    Raises:
        DataError: a pandas frame is too large or has a column of mixed types; a name is given twice, or is reserved.
        JobError: the frame belongs to another session.
    """
    rows = frame if hasattr(frame, "createOrReplaceTempView") else spark_frame(frame, spark)
    check_names(rows.columns)
    spark.catalog.dropTempView(view)
    rows.createOrReplaceTempView(view)
    if not spark.catalog.tableExists(view):
        raise JobError("The DataFrame belongs to another Spark session.", "Give that session as `spark`.")


def spark_frame(frame: pd.DataFrame, spark: SparkSession) -> DataFrame:
    """Make a Spark DataFrame of a pandas one: NaN and None are null, moments without a zone stay wall time.

    Raises:
        DataError: it is larger than 1 GB, has no columns, or a column holds what Spark has no type for.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    size = int(frame.memory_usage(deep=True).sum())
    if size > MAX_PANDAS_BYTES:
        raise DataError(
            f"The pandas DataFrame takes {size / 1e9:.1f} GB; at most {MAX_PANDAS_BYTES / 1e9:.0f} GB are copied.",
            "Write it with `frame.to_parquet(path)` and give the path, or read the data with Spark.",
        )
    names = check_names([str(name) for name in frame.columns])
    if not names:
        raise DataError("The pandas DataFrame has no columns.", "Give the rows with their columns.")
    import pyarrow as pa

    cells = [_arrow(name, frame.iloc[:, place]) for place, name in enumerate(names)]
    table = pa.table(dict(zip(names, cells, strict=True)))
    return spark.createDataFrame(table, from_arrow_schema(table.schema, prefer_timestamp_ntz=True))


def _arrow(name: str, column: pd.Series[Any]) -> pa.Array:
    """The cells of one column as Arrow has them, in a type that Spark has too."""
    import pyarrow as pa
    from pyspark.errors import PySparkException
    from pyspark.sql.pandas.types import from_arrow_type

    plain = column.astype(object) if str(column.dtype) == "category" else column
    try:
        found = pa.Array.from_pandas(plain)
        wanted = _UNSIGNED.get(str(found.type))
        found = found.cast(pa.decimal128(20, 0) if str(found.type) == "uint64" else wanted or found.type)
        from_arrow_type(found.type)
    except (pa.ArrowException, PySparkException, TypeError, ValueError, OverflowError):
        kinds = ", ".join(sorted({type(cell).__name__ for cell in column.dropna().head(10_000)}))
        raise DataError(
            f"The column '{name}' of the pandas DataFrame ({column.dtype}) cannot be read: it holds {kinds}.",
            f"Give its cells one type, such as text: `frame[{name!r}] = frame[{name!r}].astype(str)`.",
        ) from None
    return found

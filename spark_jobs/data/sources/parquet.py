"""Parquet files, with their stored types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from spark_jobs.data.files import DataFile, files_of, fingerprint_of, place_of, reads_of
from spark_jobs.data.marks import marks_of, without_marks
from spark_jobs.data.names import check_names
from spark_jobs.data.options import DATES, FILES, known_options
from spark_jobs.data.types import Reading, Table
from spark_jobs.errors import DataError
from spark_jobs.spec.models import Source

OPTIONS: Final = (*FILES, *DATES, "mergeSchema", "datetimeRebaseMode")
_MAGIC: Final = (b"PAR1", b"PARE")


def read(source: Source, spark: SparkSession) -> Table:
    """The table of Parquet files.

    Raises:
        DataError: files are missing, cut short or no Parquet; a name is doubled or reserved.
    """
    options = known_options("parquet", source.options, OPTIONS)
    path, place, files = str(source.path), place_of(source), files_of(source, spark)
    for file in files:
        if why := why_torn(file):
            raise DataError(why, "Write or fetch the file again, or leave it out.")
    stored = place.reader(spark).options(**options).parquet(*place.paths)
    check_names(stored.columns)
    marks = marks_of(source)
    rows = without_marks(stored, marks)
    reading = Reading("parquet", path, options, marks)
    reads = reads_of(source, files)
    return Table(
        rows, reading, fingerprint_of(files), columns=tuple(rows.columns), reads=reads, records=_records(files, options)
    )


def _records(files: Sequence[DataFile], options: Mapping[str, str]) -> int | None:
    """How many rows the files' footers tell, where Python can open them and all of them are meant."""
    if not all(file.local for file in files) or not options.keys().isdisjoint(FILES):
        return None
    return sum(int(pq.read_metadata(file.path).num_rows) for file in files if file.size)


def why_torn(file: DataFile) -> str | None:
    """What is wrong with a file that is cut short or no Parquet: it begins and ends with a magic number, before which
    the length of its footer stands (https://parquet.apache.org/docs/file-format/). None where nothing is.
    """
    if not file.local:
        return None
    if not file.size:
        return f"'{file.path}' is empty: 0 bytes."
    with open(file.path, "rb") as opened:
        begin = opened.read(4)
        opened.seek(max(0, file.size - 8))
        length, end = opened.read(4), opened.read(4)
    if begin not in _MAGIC or end not in _MAGIC or file.size < 12:
        return f"'{file.path}' is no whole Parquet file: its first or last bytes are not 'PAR1'."
    if int.from_bytes(length, "little") > file.size - 12:
        return f"'{file.path}' is no whole Parquet file: its footer is longer than the file."
    return None

"""Spark's read errors, translated into errors about the data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pyspark.errors import PySparkException

from spark_jobs.errors import DataError, SparkJobsError

_FILE: Final = re.compile(r"(?:file:|s3a?:|abfss?:|hdfs:|dbfs:|gs:)/[^\s,;'\"\]]+")
_READ: Final = re.compile(r"while reading file")
_MEND: Final = "Fetch or write the file again, or exclude it."
_CAUSES: Final = (
    (
        "PATH_NOT_FOUND|FileNotFoundException|FILE_NOT_EXIST",
        "{file} does not exist (any more).",
        "Check `source.path`.",
    ),
    ("TABLE_OR_VIEW_NOT_FOUND", "The table does not exist.", "Check `source.table` and the catalog of the session."),
    (
        "DELTA_(TABLE_NOT_FOUND|MISSING_DELTA_TABLE|PATH_DOES_NOT_EXIST)",
        "{file} is not a Delta table.",
        "Check the path.",
    ),
    (
        "DELTA_TIMESTAMP_|DELTA_TIME_TRAVEL|VERSION_NOT_FOUND|Cannot time travel|NO_REPRODUCIBLE_HISTORY",
        "The Delta table has no such version (any more).",
        "Check `versionAsOf` and `timestampAsOf` against the table's history.",
    ),
    (
        "CANNOT_MERGE_(SCHEMAS|INCOMPATIBLE)",
        "The files do not store their columns with the same types.",
        "Write them again with one type per column, or use a glob that excludes some.",
    ),
    ("is not a Parquet file|magic number|CANNOT_READ_FILE_FOOTER", "{file} is not a complete Parquet file.", _MEND),
    ("Unexpected end of (ZLIB )?(input )?stream", "{file} is compressed and truncated.", _MEND),
    ("not a gzip file|incorrect header check|ZipException", "{file} is not compressed as its name says.", _MEND),
    ("COLUMN_ALREADY_EXISTS|AMBIGUOUS_REFERENCE", "Two column names differ only by case.", "Rename one of them."),
    ("UNABLE_TO_INFER_SCHEMA", "{file} contains no data.", "Name a file or folder with data."),
    ("PARAMETER_VALUE.CHARSET|UnsupportedCharset", "Spark does not support the encoding.", "Use utf-8 or iso-8859-1."),
    ("FAILED_READ_FILE|CANNOT_READ_FILE", "{file} cannot be read.", _MEND),
)


def explain_late_error(failure: BaseException, root: str) -> SparkJobsError | None:
    """Translate a failure while rows are processed, as `explain_read_error` does.

    Returns:
        The error if it names a file outside of `root`; None otherwise, as the job itself wrote the files in `root`.
    """
    explained = explain_read_error(failure)
    ours = Path(root).absolute().as_posix()
    if explained is None or not _FILE.search(explained.message) or ours in explained.message:
        return None
    return explained


def explain_read_error(failure: BaseException) -> SparkJobsError | None:
    """Translate a failed read into a DataError that names the file; return None for any other failure.

    A failure inside a task may arrive as py4j's own error, which only its module identifies.
    """
    if type(failure).__module__.split(".")[0] not in ("pyspark", "py4j"):
        return None
    condition = failure.getCondition() if isinstance(failure, PySparkException) else ""
    text = f"{condition or ''} {failure}"
    read = _READ.search(text)
    named = _FILE.search(text[read.start() :] if read else text)
    file = f"'{named[0].rstrip('.')}'" if named else "A file of the source"
    for regex, cause, advice in _CAUSES:
        if re.search(regex, text, re.IGNORECASE):
            return DataError(cause.format(file=file), advice)
    return None

"""What Spark says when it cannot read, in words of the data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pyspark.errors import PySparkException

from spark_jobs.errors import DataError, SparkJobsError

_FILE: Final = re.compile(r"(?:file:|s3a?:|abfss?:|hdfs:|dbfs:|gs:)/[^\s,;'\"\]]+")
_READ: Final = re.compile(r"while reading file")
_MEND: Final = "Fetch or write the file again, or leave it out."
_CAUSES: Final = (
    ("PATH_NOT_FOUND|FileNotFoundException|FILE_NOT_EXIST", "{file} is not there (any more).", "Check `source.path`."),
    ("TABLE_OR_VIEW_NOT_FOUND", "The table is not there.", "Check `source.table` and the catalog of the session."),
    ("DELTA_(TABLE_NOT_FOUND|MISSING_DELTA_TABLE|PATH_DOES_NOT_EXIST)", "{file} is no Delta table.", "Check the path."),
    (
        "DELTA_TIMESTAMP_|DELTA_TIME_TRAVEL|VERSION_NOT_FOUND|Cannot time travel|NO_REPRODUCIBLE_HISTORY",
        "The Delta table has no such version (any more).",
        "Check `versionAsOf` and `timestampAsOf` against the table's history.",
    ),
    (
        "CANNOT_MERGE_(SCHEMAS|INCOMPATIBLE)",
        "The files do not store their columns with the same types.",
        "Write them again with one type a column, or name a glob that leaves some out.",
    ),
    ("is not a Parquet file|magic number|CANNOT_READ_FILE_FOOTER", "{file} is no whole Parquet file.", _MEND),
    ("Unexpected end of (ZLIB )?(input )?stream", "{file} is packed and breaks off early.", _MEND),
    ("not a gzip file|incorrect header check|ZipException", "{file} is not packed as its name says.", _MEND),
    ("COLUMN_ALREADY_EXISTS|AMBIGUOUS_REFERENCE", "Two columns have one name, case aside.", "Rename one of them."),
    ("UNABLE_TO_INFER_SCHEMA", "{file} holds no data.", "Name a file or folder that does."),
    ("PARAMETER_VALUE.CHARSET|UnsupportedCharset", "Spark does not know the encoding.", "Use utf-8 or iso-8859-1."),
    ("FAILED_READ_FILE|CANNOT_READ_FILE", "{file} cannot be read.", _MEND),
)


def explain_late_error(failure: BaseException, root: str) -> SparkJobsError | None:
    """As `explain_read_error`, for failures while rows are worked on: they have to name a file outside of `root`."""
    explained = explain_read_error(failure)
    ours = Path(root).absolute().as_posix()
    if explained is None or not _FILE.search(explained.message) or ours in explained.message:
        return None
    return explained


def explain_read_error(failure: BaseException) -> SparkJobsError | None:
    """A DataError for a failure of reading, naming the file where Spark does; None for any other failure.

    What fails inside a task may come as py4j's own error, which is told by its module alone.
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

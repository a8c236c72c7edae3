"""What Spark says when it cannot read, in words of the data."""

from __future__ import annotations

import re
from typing import Final

from pyspark.errors import PySparkException

from spark_jobs.errors import DataError, SparkJobsError

_FILE: Final = re.compile(r"(?:file:|s3a?:|abfss?:|hdfs:|dbfs:|gs:)/[^\s,;'\"\]]+")
_MEND: Final = "Fetch or write the file again, or leave it out."
_CAUSES: Final = (
    ("PATH_NOT_FOUND|FileNotFoundException|FILE_NOT_EXIST", "{file} is not there (any more).", "Check `source.path`."),
    ("TABLE_OR_VIEW_NOT_FOUND", "The table is not there.", "Check `source.table` and the catalog of the session."),
    ("DELTA_(TABLE_NOT_FOUND|MISSING_DELTA_TABLE|PATH_DOES_NOT_EXIST)", "{file} is no Delta table.", "Check the path."),
    ("is not a Parquet file|magic number|CANNOT_READ_FILE_FOOTER", "{file} is no whole Parquet file.", _MEND),
    ("Unexpected end of (ZLIB )?(input )?stream", "{file} is packed and breaks off early.", _MEND),
    ("not a gzip file|incorrect header check|ZipException", "{file} is not packed as its name says.", _MEND),
    ("COLUMN_ALREADY_EXISTS|AMBIGUOUS_REFERENCE", "Two columns have one name, case aside.", "Rename one of them."),
    ("UNABLE_TO_INFER_SCHEMA", "{file} holds no data.", "Name a file or folder that does."),
    ("PARAMETER_VALUE.CHARSET|UnsupportedCharset", "Spark does not know the encoding.", "Use utf-8 or iso-8859-1."),
    ("FAILED_READ_FILE|CANNOT_READ_FILE", "{file} cannot be read.", _MEND),
)


def explain_read_error(failure: BaseException) -> SparkJobsError | None:
    """A DataError for a failure of reading, naming the file where Spark does; None for any other failure.

    What fails inside a task may come as py4j's own error, which is told by its module alone.
    """
    if type(failure).__module__.split(".")[0] not in ("pyspark", "py4j"):
        return None
    condition = failure.getCondition() if isinstance(failure, PySparkException) else ""
    text = f"{condition or ''} {failure}"
    named = _FILE.search(text)
    file = f"'{named[0].rstrip('.')}'" if named else "A file of the source"
    for regex, cause, advice in _CAUSES:
        if re.search(regex, text, re.IGNORECASE):
            return DataError(cause.format(file=file), advice)
    return None

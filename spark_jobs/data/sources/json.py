"""JSON: one object a line, or one array or object a file; lines that are no JSON are set apart."""

from __future__ import annotations

from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.data.files import DataFile, Place, files_of, fingerprint_of, place_of, reads_of
from spark_jobs.data.marks import marks_of, without_marks
from spark_jobs.data.names import check_names, col
from spark_jobs.data.options import DATES, FILES, known_options
from spark_jobs.data.types import Reading, Table
from spark_jobs.errors import DataError
from spark_jobs.spec.models import Source

_TOLERANT: Final = ("allowComments", "allowSingleQuotes", "allowUnquotedFieldNames", "allowNumericLeadingZeros")
_FORM: Final = ("multiLine", "encoding", "lineSep", "primitivesAsString", "dropFieldIfAllNull")
OPTIONS: Final = (*FILES, *DATES, *_TOLERANT, *_FORM)
_TORN: Final = "_spark_jobs_torn"


def read(source: Source, spark: SparkSession) -> Table:
    """The table of JSON files: one pass to learn the types of all objects, one to count what is no JSON.

    Raises:
        DataError: files are missing or empty, or hold no object.
    """
    options = known_options("json", source.options, OPTIONS)
    path, files = str(source.path), files_of(source, spark)
    if not any(file.size for file in files):
        raise DataError(f"'{path}' is empty: 0 bytes.", "Name a file that holds JSON objects.")
    options.setdefault("multiLine", str(_is_one_document(files)).lower())
    stored, torn = _read(place_of(source), path, options, spark)
    check_names([name for name in stored.columns if name != _TORN])
    marks = marks_of(source)
    rows = without_marks(stored.where(col(_TORN).isNull()).drop(_TORN) if torn else stored, marks)
    malformed = _malformed(stored, rows.columns[0]) if torn else None
    decisions = (f"{torn:,} lines are no JSON and set apart",) if torn else ()
    reading = Reading("json", path, options, marks, decisions)
    known = tuple(rows.columns)
    return Table(rows, reading, fingerprint_of(files), malformed, torn, known, reads=reads_of(source, files))


def _is_one_document(files: tuple[DataFile, ...]) -> bool:
    """The files hold one array or object each, not one a line."""
    first = next((file for file in files if file.local and file.size), None)
    head = first.head().decode("utf-8", "replace").lstrip("\ufeff \t\r\n") if first else "{"
    line = head.splitlines()[0].strip() if head else ""
    return head.startswith("[") or line == "{"


def _read(place: Place, path: str, options: dict[str, str], spark: SparkSession) -> tuple[DataFrame, int]:
    reader = place.reader(spark).options(**options).option("columnNameOfCorruptRecord", _TORN)
    found = reader.json(place.paths).schema
    if _TORN not in found.names:
        return reader.schema(found).json(place.paths), 0
    kept = [field for field in found.fields if field.name != _TORN]
    if not kept:
        raise DataError(f"'{path}' holds no JSON object.", "Name a file with one object a line.")
    stored = reader.schema(T.StructType([*kept, T.StructField(_TORN, T.StringType())])).json(place.paths)
    counted = stored.agg(F.count(_TORN), F.count(col(kept[0].name))).collect()[0]
    return stored, int(counted[0])


def _malformed(stored: DataFrame, other: str) -> DataFrame:
    """The lines that are no JSON; Spark refuses to read them alone, so another column is named too."""
    reasons = F.array(F.lit("the line is no JSON object"))
    torn = stored.withColumn("_source", F.col("_metadata.file_path")).where(col(_TORN).isNotNull())
    raw = F.coalesce(col(_TORN), col(other).cast("string"))
    return torn.select(raw.alias("_raw"), reasons.alias("_reasons"), "_source")

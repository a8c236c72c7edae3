"""PostgreSQL and driver errors, translated into errors about the spec."""

from __future__ import annotations

import re
from typing import Final

from spark_jobs.errors import DataError, JobError, SparkJobsError
from spark_jobs.runtime.jars import package


class DatabaseUnavailable(JobError):
    """The database cannot be reached now; a retry may succeed."""


class NoTable(DataError):
    """The database has no table of that name."""


_AWAY: Final = (
    "refused|attempt failed|UnknownHost|starting up|shutting down|in recovery|terminating connection|I/O error"
    "|connection has been closed|connect timed out|Read timed out|Connection reset|EOFException"
)
_OURS: Final = (  # the last three: Spark's errors about a cell name neither the driver nor PostgreSQL
    "PSQLException|JDBC|org.postgresql|long overflow|NUMERIC_VALUE_OUT_OF_RANGE|COLUMN_ARRAY_ELEMENT_TYPE_MISMATCH"
)
_CAUSES: Final = (
    ("password authentication failed|no password was provided|authentication failed|does not support",
     JobError, "The database {place} rejected the user or password.",
     "Check `source.user` and the secret that `source.password` refers to."),
    ("role .* does not exist|no pg_hba.conf entry|not permitted to log in", JobError,
     "The database {place} does not accept this user.", "Check `source.user`, or ask the database's administrator."),
    ("database .* does not exist", DataError, "The database {place} does not exist.", "Check `source.url`."),
    ("relation .* does not exist|schema .* does not exist|cross-database references", NoTable,
     "The table does not exist in {place}.", "Check `source.table`."),
    ("permission denied", DataError, "The user may not read the table in {place}.", "GRANT SELECT on it to the user."),
    ("too many clients|connection slots are reserved|too many connections", DatabaseUnavailable,
     "The database {place} has no free connection.", "Run again later, or use fewer `source.partition.parts`."),
    ("canceling statement|statement timeout", JobError, "The database {place} cancelled the query.",
     "Raise `source.options.queryTimeout`, or the server's own limit."),
    ("Bad value for type BigDecimal|cannot be represented as Decimal|NUMERIC_VALUE_OUT_OF_RANGE", DataError,
     "A number of the table is NaN, infinite or too long for its column's type.",
     "Fix it, or read a view of the table."),
    ("long overflow", DataError, "A timestamp of the table is infinite, or later than the year 294246.",
     "Fix it, or read a view of the table: `nullif(at, 'infinity')`, say."),
    ("COLUMN_ARRAY_ELEMENT_TYPE_MISMATCH", DataError,
     "An array of the table has different dimensions from its column's declaration.",
     "Fix it, or read a view of the table without the column."),
    ("No suitable driver|ClassNotFoundException: org.postgresql", JobError,
     "The session has no PostgreSQL driver.",
     f"Open it with connectors=('postgresql',), or submit with --packages {package('postgresql')}."),
    (_AWAY, DatabaseUnavailable, "The database {place} does not respond",
     "Check `source.url`, and that the server is running and reachable."),
    ("FAILED_JDBC.CONNECTION", DatabaseUnavailable, "The database {place} accepts no connection",
     "Check `source.url`, `source.user`, `source.password`, and that the server is running."),
)  # fmt: skip


def explain(failure: BaseException, place: str) -> SparkJobsError | None:
    """Translate a failed read of a database; return None if the failure concerns something else.

    The message includes at most one line of the driver's text, because the server controls that text.
    """
    if type(failure).__module__.split(".")[0] not in ("pyspark", "py4j"):
        return None
    said = "\n".join(_chain(failure))
    if not re.search(_OURS, said):
        return None
    for regex, kind, cause, advice in _CAUSES:
        found = re.search(regex, said)
        if found:
            message = cause.format(place=place)
            return kind(message if message.endswith(".") else f"{message}: {_line(said, found)}.", advice)
    return None


def _chain(failure: BaseException) -> list[str]:
    """Return the texts of the failure and its causes in Java, as Spark's message alone may not name the cause."""
    told: list[str] = []
    current: BaseException | None = failure
    while current is not None and len(told) < 10:
        told.append(f"{getattr(current, '_desc', None) or ''} {current}")
        current = getattr(current, "_cause", None) or current.__cause__
    return told


def _line(said: str, found: re.Match[str]) -> str:
    start, end = said.rfind("\n", 0, found.start()) + 1, said.find("\n", found.end())
    line = said[start : end if end >= 0 else len(said)].strip()
    return re.sub(r"^.*(?:Exception|FATAL): ", "", line).rstrip(".")[:160]

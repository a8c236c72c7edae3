"""What PostgreSQL and its driver say when they refuse, in words of the spec."""

from __future__ import annotations

import re
from typing import Final

from spark_jobs.errors import DataError, JobError, SparkJobsError
from spark_jobs.runtime.jars import package


class DatabaseUnavailable(JobError):
    """The database cannot be reached just now; it may be there a moment later."""


class NoTable(DataError):
    """The database has no table of that name."""


_AWAY: Final = (
    "refused|attempt failed|UnknownHost|starting up|shutting down|in recovery|terminating connection|I/O error"
    "|connection has been closed|connect timed out|Read timed out|Connection reset|EOFException"
)
_OURS: Final = (  # what Spark says of a cell that the database gave names neither
    "PSQLException|JDBC|org.postgresql|long overflow|NUMERIC_VALUE_OUT_OF_RANGE|COLUMN_ARRAY_ELEMENT_TYPE_MISMATCH"
)
_CAUSES: Final = (
    ("password authentication failed|no password was provided|authentication failed|does not support",
     JobError, "The database {place} refused the user or the password.",
     "Check `source.user` and where `source.password` leads."),
    ("role .* does not exist|no pg_hba.conf entry|not permitted to log in", JobError,
     "The database {place} does not let this user in.", "Check `source.user`, or ask who runs the database."),
    ("database .* does not exist", DataError, "There is no database at {place}.", "Check `source.url`."),
    ("relation .* does not exist|schema .* does not exist|cross-database references", NoTable,
     "The table is not in {place}.", "Check `source.table`."),
    ("permission denied", DataError, "The user may not read the table in {place}.", "GRANT SELECT on it to the user."),
    ("too many clients|connection slots are reserved|too many connections", DatabaseUnavailable,
     "The database {place} has no connection free.", "Run it again later, or read in fewer `source.partition.parts`."),
    ("canceling statement|statement timeout", JobError, "The database {place} cancelled the query.",
     "Raise `source.options.queryTimeout`, or the server's own limit."),
    ("Bad value for type BigDecimal|cannot be represented as Decimal|NUMERIC_VALUE_OUT_OF_RANGE", DataError,
     "A number of the table is NaN, infinite or too long for its column's type.",
     "Fix it, or read a view of the table."),
    ("long overflow", DataError, "A timestamp of the table is infinite, or later than the year 294246.",
     "Fix it, or read a view of the table: `nullif(at, 'infinity')`, say."),
    ("COLUMN_ARRAY_ELEMENT_TYPE_MISMATCH", DataError,
     "An array of the table has other dimensions than its column is declared with.",
     "Fix it, or read a view of the table without the column."),
    ("No suitable driver|ClassNotFoundException: org.postgresql", JobError,
     "The session has no driver for PostgreSQL.",
     f"Open it with connectors=('postgresql',), or submit with --packages {package('postgresql')}."),
    (_AWAY, DatabaseUnavailable, "The database {place} does not answer",
     "Check `source.url`, and that the server runs and may be reached."),
    ("FAILED_JDBC.CONNECTION", DatabaseUnavailable, "The database {place} lets nobody in",
     "Check `source.url`, `source.user`, `source.password`, and that the server runs."),
)  # fmt: skip


def explain(failure: BaseException, place: str) -> SparkJobsError | None:
    """What a failure of reading says of the database; None where it is about something else.

    The driver's words are looked at and not passed on whole: they are the server's, who may say anything.
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
    """The failure and its causes in Java, of which Spark's message alone may tell nothing."""
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

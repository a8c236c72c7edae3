"""PostgreSQL access through Spark: quoted names, secrets by reference, and retries while it is unavailable."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pyspark.sql import DataFrame, SparkSession

from spark_jobs import progress
from spark_jobs.errors import DataError, JobError, SparkJobsError, did_you_mean
from spark_jobs.sources.database_errors import DatabaseUnavailable, explain
from spark_jobs.sources.kinds.jdbc import PREFIX, JdbcKeys
from spark_jobs.sources.options import known_options
from spark_jobs.sources.secrets import resolve_secret, resolved
from spark_jobs.spec import Source

TRIES: Final = 3
# Without `fetchsize`, the driver loads a whole table into memory. Without timeouts, a stopped server blocks forever.
_DEFAULTS: Final = {
    "driver": "org.postgresql.Driver",
    "fetchsize": "10000",
    "connectTimeout": "10",
    "socketTimeout": "900",
    "tcpKeepAlive": "true",
    "ApplicationName": "spark-jobs",
    "preferTimestampNTZ": "true",
}
_PLAIN: Final = re.compile(r"[0-9A-Za-z.:+\- ]{1,64}")
_TABLES: Final = (
    "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables"
    " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') LIMIT 2000"
)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Database:
    """The database of a table and its login; `repr` does not show the password."""

    spark: SparkSession
    url: str
    options: dict[str, str] = field(repr=False)

    @property
    def place(self) -> str:
        """Return host and database, for messages."""
        return self.url.removeprefix(PREFIX)

    def rows(self, table: str, predicates: Sequence[str] = (), types: str = "") -> DataFrame:
        """Read a quoted table or a query in parentheses, one partition for each predicate."""
        options = self.options | ({"customSchema": types} if types else {})
        if predicates:
            return self.spark.read.jdbc(self.url, table, predicates=list(predicates), properties=options)
        return self.spark.read.jdbc(self.url, table, properties=options)

    def asked(self, query: str) -> list[Any]:
        """Return the rows of a query whose result is small."""
        return self.rows(f"({query}) AS asked").collect()

    def trying(self, work: Callable[[], Answer]) -> Answer:
        """Run `work` and return its result; retry a few times while the database is unavailable.

        Raises:
            JobError: The database did not respond, or rejected the user.
            DataError: The table does not exist.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return work()
            except SparkJobsError:
                raise
            except Exception as failure:
                explained = explain(failure, self.place)
                if explained is None:
                    raise
                if not isinstance(explained, DatabaseUnavailable) or attempt == TRIES:
                    raise _last(explained, attempt) from None
                progress.note(f"{explained.message} Retrying ({attempt + 1} of {TRIES}) …")
                pause(attempt)
        raise AssertionError("unreachable")

    def absent(self, table: str) -> DataError:
        """Return the error for a table that does not exist, with the closest name."""
        found = self.trying(lambda: [row[0] for row in self.asked(_TABLES)])
        short = {name.partition(".")[2]: name for name in found}
        advice = did_you_mean(table, [*found, *short]) or "Check `source.table`; give its schema too."
        return DataError(f"There is no table '{table}' in {self.place}.", advice)


def pause(attempt: int) -> None:
    """Wait before a retry: longer each time, with jitter so that clients do not retry at once."""
    time.sleep(attempt * random.uniform(0.7, 1.3))


def open_database(source: Source, spark: SparkSession) -> Database:
    """Return the database of a source; no query runs yet.

    Raises:
        SpecError: The user or password cannot be resolved, or an option is unknown.
    """
    options, keys = dict(_DEFAULTS) | known_options(source), JdbcKeys.of(source)
    if keys.user is not None:
        options["user"] = resolved(keys.user)
    if keys.password is not None:
        options["password"] = resolve_secret(keys.password)
    return Database(spark, str(keys.url), options)


def identifier(name: str) -> str:
    """Quote any name for PostgreSQL.

    >>> identifier('a"b c')
    '"a""b c"'
    """
    return '"' + name.replace('"', '""') + '"'


def table_name(table: str) -> str:
    """Quote the name of a table from the spec, part by part.

    >>> table_name("sales.`odd.one`")
    '"sales"."odd.one"'
    """
    return ".".join(identifier(part.strip("`")) for part in re.findall(r"`[^`]+`|[^.`]+", table))


def sql_literal(value: str) -> str:
    """Quote a number, date or time that PostgreSQL wrote, as a literal.

    Raises:
        JobError: It is none of these.
    """
    if not _PLAIN.fullmatch(value):
        raise JobError("A bound of the table is not a number, date or time.", "Read by another column.")
    return f"'{value}'"


def _last(explained: SparkJobsError, tries: int) -> SparkJobsError:
    if isinstance(explained, DatabaseUnavailable):
        return JobError(f"{explained.message.rstrip('.')}, after {tries} attempts.", explained.advice)
    return explained

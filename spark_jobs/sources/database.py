"""A PostgreSQL database as Spark reads it: names quoted, passwords by reference, tried again where it is away."""

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
from spark_jobs.sources.options import known_options
from spark_jobs.sources.secrets import resolve, resolved
from spark_jobs.spec.constants import DATABASE_OPTIONS
from spark_jobs.spec.models import Source

TRIES: Final = 3
# Without a size of fetching the driver takes a whole table into memory; without limits a stopped server is waited for.
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
    """Where a table is, and who reads it; the password is shown nowhere."""

    spark: SparkSession
    url: str
    options: dict[str, str] = field(repr=False)

    @property
    def place(self) -> str:
        """Host and database, for a person."""
        return self.url.removeprefix("jdbc:postgresql://")

    def rows(self, table: str, predicates: Sequence[str] = (), types: str = "") -> DataFrame:
        """The rows of a quoted table or of a query in brackets, one part for each predicate."""
        options = self.options | ({"customSchema": types} if types else {})
        if predicates:
            return self.spark.read.jdbc(self.url, table, predicates=list(predicates), properties=options)
        return self.spark.read.jdbc(self.url, table, properties=options)

    def asked(self, query: str) -> list[Any]:
        """The rows that a query of ours gives; few."""
        return self.rows(f"({query}) AS asked").collect()

    def trying(self, work: Callable[[], Answer]) -> Answer:
        """What `work` gives; where the database is away it is tried again, a few times.

        Raises:
            JobError: the database did not answer, or refused the user.
            DataError: it has no such table.
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
                progress.note(f"{explained.message} Trying again ({attempt + 1} of {TRIES}) …")
                pause(attempt)
        raise AssertionError("unreachable")

    def absent(self, table: str) -> DataError:
        """What to say of a table that is not there: the nearest name."""
        found = self.trying(lambda: [row[0] for row in self.asked(_TABLES)])
        short = {name.partition(".")[2]: name for name in found}
        advice = did_you_mean(table, [*found, *short]) or "Check `source.table`; give its schema too."
        return DataError(f"There is no table '{table}' in {self.place}.", advice)


def pause(attempt: int) -> None:
    """Gives the database time, longer each time and never at once with others."""
    time.sleep(attempt * random.uniform(0.7, 1.3))


def connect(source: Source, spark: SparkSession) -> Database:
    """The database of a source; nothing is asked of it yet.

    Raises:
        SpecError: its user or password cannot be found, or an option is not known.
    """
    options = dict(_DEFAULTS) | known_options("jdbc", source.options, DATABASE_OPTIONS)
    if source.user is not None:
        options["user"] = resolved(source.user)
    if source.password is not None:
        options["password"] = resolve(source.password)
    return Database(spark, str(source.url), options)


def identifier(name: str) -> str:
    """A name as PostgreSQL takes it, whatever it holds.

    >>> identifier('a"b c')
    '"a""b c"'
    """
    return '"' + name.replace('"', '""') + '"'


def table_name(table: str) -> str:
    """A table's name of a spec, part by part.

    >>> table_name("sales.`odd.one`")
    '"sales"."odd.one"'
    """
    return ".".join(identifier(part.strip("`")) for part in re.findall(r"`[^`]+`|[^.`]+", table))


def literal(value: str) -> str:
    """A number, a date or a time, as PostgreSQL itself wrote it, as a literal.

    Raises:
        JobError: it is none of these.
    """
    if not _PLAIN.fullmatch(value):
        raise JobError("A bound of the table is no number, date or time.", "Name another column to read by.")
    return f"'{value}'"


def _last(explained: SparkJobsError, tries: int) -> SparkJobsError:
    if isinstance(explained, DatabaseUnavailable):
        return JobError(f"{explained.message.rstrip('.')}, in {tries} tries.", explained.advice)
    return explained

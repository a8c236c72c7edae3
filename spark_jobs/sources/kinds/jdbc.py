"""PostgreSQL tables: whole, in parallel parts, or from a watermark on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from spark_jobs.sources.source_kind import IncrementalReader, SourceKind, Watermark, lazily
from spark_jobs.spec.fields import ColumnName, SpecModel
from spark_jobs.spec.mistakes import SpecIssue
from spark_jobs.spec.source_keys import Secret, SourceKeys
from spark_jobs.spec.sources import Source
from spark_jobs.spec.yaml12 import KeyPath

# Limits only. An option that names a class, file or address could run code.
OPTIONS: Final = ("fetchsize", "queryTimeout")
PREFIX: Final = "jdbc:postgresql://"
_URL: Final = re.compile(rf"{PREFIX}[A-Za-z0-9._:\[\],-]+/[A-Za-z0-9_.%-]+")


class Partition(SpecModel):
    """How a database table is read in parallel partitions."""

    column: ColumnName = Field(description="A column of numbers, dates or times whose range is split into partitions.")
    parts: Annotated[int, Field(ge=2, le=1000)] = Field(default=8, description="The number of partitions.")


class JdbcKeys(SourceKeys):
    """A table of a PostgreSQL database."""

    url: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="The database's JDBC URL, such as jdbc:postgresql://host:5432/shop."
    )
    user: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="The user, as text, `env:NAME` or `file:PATH`."
    )
    password: Secret | None = Field(default=None, description="A reference to the password, `env:NAME` or `file:PATH`.")
    partition: Partition | None = Field(default=None, description="Read the table in parallel partitions.")
    watermark: ColumnName | None = Field(
        default=None,
        description="A column that only grows, such as the time of a row's last change. Each scoring reads from the "
        "last scoring's newest value, less `lookback`.",
    )
    lookback: Annotated[int, Field(ge=0, le=10**9)] | None = Field(
        default=None,
        description="How far before the watermark rows are read again, since some are committed late. In seconds for "
        "a time column (default 300), else in the column's unit (default 0). Scored rows are not added again.",
    )


def place_of(keys: JdbcKeys) -> str:
    """Return the host, the database and the table, as the ledger stores them."""
    return f"{str(keys.url).removeprefix(PREFIX)} {keys.table}"


def _rules(keys: JdbcKeys, at: KeyPath) -> Iterator[SpecIssue]:
    if keys.url is not None and not _URL.fullmatch(keys.url):
        hint = "Use, for example, jdbc:postgresql://host:5432/shop, and the keys `user` and `password`."
        yield SpecIssue((*at, "url"), "must be the JDBC URL of a PostgreSQL database, without parameters.", hint)


def _watermark(source: Source) -> Watermark | None:
    keys = JdbcKeys.of(source)
    return None if keys.watermark is None else Watermark(place_of(keys), keys.watermark)


SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.jdbc:read"),
    incremental=IncrementalReader(read=lazily("spark_jobs.sources.readers.jdbc:read"), watermark=_watermark),
    keys=JdbcKeys,
    required=("url", "table"),
    implied_by=("url",),
    named_by="table",
    options=OPTIONS,
    rules=_rules,
    secrets=("user", "password"),
    connector="postgresql",
)

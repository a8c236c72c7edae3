"""Where rows come from: files, tables, databases, topics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from spark_jobs.spec.endings import kind_of
from spark_jobs.spec.fields import (
    ColumnName,
    ColumnNames,
    Location,
    Option,
    SpecModel,
    TableName,
    Text,
    Texts,
    mistake,
)

SourceKind = Literal["csv", "json", "parquet", "delta", "table", "jdbc", "kafka", "dataframe"]


def _is_reference(text: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\0\n]+", text):
        raise mistake("must be `env:NAME` or `file:PATH`, which say where the secret is; it is never written here.")
    return text


Secret = Annotated[str, AfterValidator(_is_reference), Field(max_length=4096)]


class Partition(SpecModel):
    """How one table of a database is read in several parts at once."""

    column: ColumnName = Field(description="A column of numbers, dates or times whose range is cut into parts.")
    parts: Annotated[int, Field(ge=2, le=1000)] = Field(default=8, description="How many parts.")


class Source(SpecModel):
    """Where the rows come from and how they are read."""

    kind: SourceKind | None = Field(
        default=None, description="The format; guessed from the path's ending where it can be."
    )
    path: Location | None = Field(
        default=None, description="A file, a folder or a glob, relative to the current folder."
    )
    table: TableName | None = Field(
        default=None,
        description="A table of the catalog or, for `jdbc`, of the database, such as `schema.table`; for `dataframe` "
        "the view that a program made of its DataFrame.",
    )
    names: ColumnNames | None = Field(
        default=None, description="Column names of a file without a header, or of a topic of CSV values."
    )
    options: dict[str, Option] = Field(
        default_factory=dict, description="Spark's reader options, and `decimal` and `thousands` for numbers."
    )
    null_values: Texts | None = Field(
        default=None, description="Marks of a missing value, compared as trimmed text; replaces the detected ones."
    )
    landing: bool = Field(
        default=False, description="Files: score only those that no earlier scoring by the same version has read."
    )
    url: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="Kind `jdbc`: the database, such as jdbc:postgresql://host:5432/shop."
    )
    user: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Kinds `jdbc` and `kafka`: the user, as text, `env:NAME` or `file:PATH`."
    )
    password: Secret | None = Field(
        default=None, description="Kinds `jdbc` and `kafka`: where the password is, as `env:NAME` or `file:PATH`."
    )
    partition: Partition | None = Field(default=None, description="Kind `jdbc`: read in several parts at once.")
    watermark: ColumnName | None = Field(
        default=None,
        description="Kind `jdbc`: a column that only grows, such as the time of a row's last change: each scoring "
        "reads on from the newest value of the last, and a little before it (`lookback`).",
    )
    lookback: Annotated[int, Field(ge=0, le=10**9)] | None = Field(
        default=None,
        description="Kind `jdbc`: how far before the newest watermark rows are read again, as some are committed late: "
        "seconds where it is a time (300 if not said), or its own numbers (0). What is known already is not added.",
    )
    servers: Text | None = Field(
        default=None, description="Kind `kafka`: the brokers, such as host:9092, joined by commas."
    )
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")] | None = Field(
        default=None, description="Kind `kafka`: the topic to read."
    )
    values: Literal["json", "csv"] = Field(
        default="json", description="Kind `kafka`: how a message's value is written."
    )
    headers: ColumnNames | None = Field(
        default=None, description="Kind `kafka`: headers of the messages that are columns too, as text."
    )

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, given: object) -> object:
        """Accept `source: path`, guess the kind, and let `kind: table` name its table by `path`."""
        source = {"path": given} if isinstance(given, str) else given
        if not isinstance(source, Mapping):
            return source
        source = dict(source)
        if source.get("kind") == "table" and source.get("table") is None and "path" in source:
            source["table"] = source.pop("path")
        if source.get("kind") is None:
            source["kind"] = _guessed(source)
        return source


def _guessed(source: Mapping[str, object]) -> str | None:
    if source.get("url") is not None:
        return "jdbc"
    if source.get("topic") is not None or source.get("servers") is not None:
        return "kafka"
    if source.get("table") is not None:
        return "table"
    path = source.get("path")
    return kind_of(path) if isinstance(path, str) else None

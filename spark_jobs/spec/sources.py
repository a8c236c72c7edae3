"""The `source` section of a spec: files, tables, databases and topics."""

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
        raise mistake("must be `env:NAME` or `file:PATH`: a spec refers to a secret and never contains it.")
    return text


Secret = Annotated[str, AfterValidator(_is_reference), Field(max_length=4096)]


class Partition(SpecModel):
    """How a database table is read in parallel partitions."""

    column: ColumnName = Field(description="A column of numbers, dates or times whose range is split into partitions.")
    parts: Annotated[int, Field(ge=2, le=1000)] = Field(default=8, description="The number of partitions.")


class Source(SpecModel):
    """Where rows come from and how they are read."""

    kind: SourceKind | None = Field(
        default=None, description="The kind of source; by default inferred from the path's extension or the other keys."
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
        default=None, description="Texts that mean null, compared after trimming; they replace the detected ones."
    )
    landing: bool = Field(
        default=False, description="Files: score only files that the same model version has not scored before."
    )
    url: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="Kind `jdbc`: the database's JDBC URL, such as jdbc:postgresql://host:5432/shop."
    )
    user: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Kinds `jdbc` and `kafka`: the user, as text, `env:NAME` or `file:PATH`."
    )
    password: Secret | None = Field(
        default=None, description="Kinds `jdbc` and `kafka`: a reference to the password, `env:NAME` or `file:PATH`."
    )
    partition: Partition | None = Field(default=None, description="Kind `jdbc`: read the table in parallel partitions.")
    watermark: ColumnName | None = Field(
        default=None,
        description="Kind `jdbc`: a column that only grows, such as the time of a row's last change. Each scoring "
        "reads from the last scoring's newest value, less `lookback`.",
    )
    lookback: Annotated[int, Field(ge=0, le=10**9)] | None = Field(
        default=None,
        description="Kind `jdbc`: how far before the watermark rows are read again, since some are committed late. In "
        "seconds for a time column (default 300), else in the column's unit (default 0). Scored rows are not "
        "added again.",
    )
    servers: Text | None = Field(
        default=None, description="Kind `kafka`: the bootstrap servers, such as host:9092, separated by commas."
    )
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")] | None = Field(
        default=None, description="Kind `kafka`: the topic to read."
    )
    values: Literal["json", "csv"] = Field(default="json", description="Kind `kafka`: the format of a message's value.")
    headers: ColumnNames | None = Field(
        default=None, description="Kind `kafka`: message headers to read as text columns."
    )

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, given: object) -> object:
        """Expand `source: path`, infer the kind, and accept `path` as the table of `kind: table`."""
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

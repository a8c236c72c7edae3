"""Field types that the spec's models share: texts, column names, paths, lists of names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from spark_jobs.bundle.patterns import BLANKS

MAX_NAME = 1000
Task = Literal["regression", "binary", "multiclass"]


class SpecModel(BaseModel):
    """Base class of the spec's mappings: frozen, strict, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def mistake(message: str) -> PydanticCustomError:
    """Return a validation error whose message continues after the key's name ("must be …")."""
    return PydanticCustomError("rule", message.replace("{", "{{").replace("}", "}}"))


def written_text(value: object) -> object:
    """Convert an int to its digits, so that a column named 2012 needs no quotes; return other values unchanged."""
    return str(value) if type(value) is int else value


def written_name(value: object) -> object:
    """Return a column name as text without surrounding blanks, as file headers are read."""
    written = written_text(value)
    return written.strip(BLANKS) if isinstance(written, str) else written


def _scalar(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def as_tuple(value: object) -> object:
    """Convert a list to a tuple; return other values unchanged."""
    return tuple(value) if isinstance(value, list) else value


def with_text_keys(value: object) -> object:
    """Return a mapping with its int keys converted to text."""
    return {written_text(key): item for key, item in value.items()} if isinstance(value, Mapping) else value


def _is_column(name: str) -> str:
    if "\0" in name:
        raise mistake("must be a column name without NUL characters.")
    if "__THIS__" in name:
        raise mistake("must not contain `__THIS__`, which Spark replaces inside names; rename the column.")
    return name


def _is_table(name: str) -> str:
    parts = re.fullmatch(r"(?:[\w-]+|`[^`\0]+`)(?:\.(?:[\w-]+|`[^`\0]+`)){0,2}", name)
    if parts is None or len(name) > MAX_NAME:
        raise mistake("must be a table name: one to three parts of letters, digits, `_` or `-`, separated by dots.")
    return name


def _is_location(path: str) -> str:
    if "\0" in path or "\n" in path:
        raise mistake("must be a path without NUL characters or line breaks.")
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)://", path)
    if scheme and scheme[1].lower() not in SCHEMES:
        raise mistake(
            f"must be a path that Spark can read: without a scheme, or {', '.join(f'{s}://' for s in SCHEMES)}."
        )
    return path


SCHEMES = ("file", "hdfs", "s3", "s3a", "s3n", "abfs", "abfss", "wasb", "wasbs", "gs", "dbfs", "viewfs")
Text = Annotated[str, BeforeValidator(written_text), Field(max_length=MAX_NAME)]
Scalar = Annotated[str, BeforeValidator(_scalar), Field(max_length=MAX_NAME)]
ColumnName = Annotated[
    str, BeforeValidator(written_name), Field(min_length=1, max_length=MAX_NAME), AfterValidator(_is_column)
]
ColumnNames = Annotated[tuple[ColumnName, ...], BeforeValidator(as_tuple)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(as_tuple)]
TableName = Annotated[str, AfterValidator(_is_table)]
Location = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_is_location)]
Levels = Annotated[dict[ColumnName, Texts], BeforeValidator(with_text_keys)]
Share = Annotated[float, Field(gt=0, lt=1)]
Option = str | bool | int | float

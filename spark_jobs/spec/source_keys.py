"""The keys of a source that all kinds share, and how a kind declares its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from spark_jobs import plugins
from spark_jobs.spec.endings import ending_of
from spark_jobs.spec.fields import ColumnNames, Location, Option, SpecModel, TableName, Texts, mistake
from spark_jobs.spec.mistakes import SpecIssue
from spark_jobs.spec.yaml12 import KeyPath


def _is_reference(text: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\0\n]+", text):
        raise mistake("must be `env:NAME` or `file:PATH`: a spec refers to a secret and never contains it.")
    return text


def _is_kind(name: str) -> str:
    if name not in source_syntaxes():
        raise PydanticCustomError("kind", "must be a kind of source")
    return name


Secret = Annotated[str, AfterValidator(_is_reference), Field(max_length=4096)]


class SourceKeys(SpecModel):
    """The keys that all kinds of source share. A kind with keys of its own declares them in a subclass."""

    kind: Annotated[str, AfterValidator(_is_kind)] | None = Field(
        default=None, description="The kind of source; by default inferred from the path's extension or the other keys."
    )
    path: Location | None = Field(
        default=None, description="A file, a folder or a glob, relative to the current folder."
    )
    table: TableName | None = Field(
        default=None,
        description="A table of the catalog or of the database, such as `schema.table`; for the DataFrame of a program "
        "the view that was made of it.",
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

    @classmethod
    def of(cls, source: SourceKeys) -> Self:
        """Return the typed keys of a source of this kind."""
        return cls.model_validate({name: value for name, value in source if name in cls.model_fields})

    @classmethod
    def own(cls) -> tuple[str, ...]:
        """Return the names of the keys that only this kind declares."""
        return tuple(name for name in cls.model_fields if name not in SourceKeys.model_fields)


def _no_rules(keys: Any, at: KeyPath) -> Iterator[SpecIssue]:
    yield from ()


@dataclass(frozen=True, kw_only=True)
class SourceSyntax:
    """How a spec writes one kind of source.

    Attributes:
        keys: The model of its keys: `SourceKeys`, or a subclass with the keys that it adds.
        required: The keys that locate its rows, all of which must be given.
        implied_by: Keys that imply the kind; one that all kinds share does so only if no kind's own key is given.
        endings: File name extensions that imply the kind.
        options: The reader options that it accepts.
        is_files: Whether its rows are in files, which can arrive one by one in a folder.
        named_by: The key that an unnamed spec is named after.
        rules: Yields an issue for each rule between its keys that a source violates, given its typed keys.
    """

    keys: type[SourceKeys] = SourceKeys
    required: tuple[str, ...] = ("path",)
    implied_by: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    is_files: bool = False
    named_by: str = "path"
    rules: Callable[[Any, KeyPath], Iterator[SpecIssue]] = _no_rules


def source_syntaxes() -> Mapping[str, SourceSyntax]:
    """Return the declarations of all kinds of source by name, built-in and registered.

    They are found by name, because `spark_jobs.sources` and other distributions build on this package.

    Raises:
        SpecError: A registered plug-in cannot be loaded, or has the name of a built-in one.
    """
    return plugins.declarations("sources", "spark_jobs.sources.kinds", "SOURCE", SourceSyntax)


def implied_kind(given: Mapping[str, object]) -> str | None:
    """Return the kind of source that the given keys imply, or None if they imply none.

    >>> implied_kind({"table": "shop.orders"}), implied_kind({"path": "orders.csv.gz"})
    ('table', 'csv')
    """
    present = {key for key, value in given.items() if value is not None}
    shared = present & set(SourceKeys.model_fields)
    for keys in (present - shared, shared):
        for name, syntax in source_syntaxes().items():
            if keys & set(syntax.implied_by):
                return name
    path = given.get("path")
    return kind_of_path(path) if isinstance(path, str) else None


def kind_of_path(path: str) -> str | None:
    """Return the kind of source that a path's extension implies, or None if it implies none.

    >>> kind_of_path("data/flights.tsv.bz2")
    'csv'
    """
    ending = ending_of(path)
    return next((name for name, syntax in source_syntaxes().items() if ending in syntax.endings), None)

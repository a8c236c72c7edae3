"""The `source` section of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ConfigDict, ModelWrapValidatorHandler, model_validator

from spark_jobs.spec.source_keys import SourceKeys, SourceSyntax, implied_kind, source_syntaxes


class Source(SourceKeys):
    """Where rows come from and how they are read."""

    # The keys of its kind; the kind's own model validates them.
    model_config = ConfigDict(extra="allow")

    @model_validator(mode="wrap")
    @classmethod
    def _by_kind(cls, given: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Expand `source: path`, infer the kind, and validate all keys as its kind declares them."""
        if not isinstance(given, str | Mapping):
            return handler(given)
        source = _spelled_out(given)
        syntax, syntaxes = _syntax_of(source), source_syntaxes()
        known = {key for other in syntaxes.values() for key in other.keys.own()}
        others = {key: value for key, value in source.items() if key in known - set(syntax.keys.model_fields)}
        typed = syntax.keys.model_validate({key: value for key, value in source.items() if key not in others})
        names = typed.model_fields_set | set(syntax.keys.own())
        return handler({**{name: value for name, value in typed if name in names}, **others})

    @property
    def place(self) -> str:
        """Return what locates the rows, for messages: the path, the table or the topic, else the kind."""
        named = getattr(self, _syntax_of(dict(self)).named_by, None)
        return str(self.path or self.table or named or self.kind)


def location_of(source: object) -> str | None:
    """Return the part of a source, of any form, that names its rows: a path, or the last part of a table's name."""
    given = _spelled_out(dict(source) if isinstance(source, Source) else source)
    key = _syntax_of(given).named_by
    found = given.get(key) or given.get("path")
    if not isinstance(found, str):
        return None
    return found.replace("`", "").rpartition(".")[2] if key == "table" else found


def _spelled_out(source: object) -> dict[str, Any]:
    given = {"path": source} if isinstance(source, str) else dict(source) if isinstance(source, Mapping) else {}
    if given.get("kind") is None:
        given["kind"] = implied_kind(given)
    return given


def _syntax_of(given: Mapping[str, object]) -> SourceSyntax:
    kind = given.get("kind")
    found = source_syntaxes().get(kind) if isinstance(kind, str) else None
    return found or SourceSyntax()

"""The kinds of source: each module declares one as `SOURCE`; other distributions register more."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs import plugins
from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.sources.source_kind import SourceKind
from spark_jobs.spec import Spec
from spark_jobs.spec.sources import Source


def source_kinds() -> Mapping[str, SourceKind]:
    """Return the declarations of all kinds of source by `source.kind`, sorted by name."""
    return plugins.declarations("sources", __name__, "SOURCE", SourceKind)


def find_kind(name: str) -> SourceKind:
    """Return the declaration of a kind of source.

    Raises:
        SpecError: There is no such kind.
    """
    known = source_kinds()
    if name not in known:
        message = f"`source.kind` must be one of {', '.join(known)}. Got '{name}'."
        raise SpecError(message, did_you_mean(name, known))
    return known[name]


def declared_kind(source: Source) -> SourceKind | None:
    """Return the declaration of a source's kind; None if only its files tell the kind."""
    return None if source.kind is None else find_kind(source.kind)


def connectors_of(spec: Spec) -> tuple[str, ...]:
    """Return the connectors whose jars a session needs for the sources of a spec; usually none."""
    kinds = [declared_kind(source) for source in (spec.source, spec.stream.source) if source is not None]
    return tuple(sorted({kind.connector for kind in kinds if kind is not None and kind.connector}))

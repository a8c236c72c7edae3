"""Tables and views of the session's catalog."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from spark_jobs.sources.options import DATES, VERSIONS
from spark_jobs.sources.source_kind import SourceKind, lazily
from spark_jobs.spec.source_keys import SourceKeys


class TableKeys(SourceKeys):
    """A table of the catalog; `path` is accepted as its name."""

    @model_validator(mode="before")
    @classmethod
    def _by_path(cls, given: object) -> object:
        if not isinstance(given, Mapping) or given.get("table") is not None or "path" not in given:
            return given
        source = dict(given)
        return source | {"table": source.pop("path")}


SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.table:read"),
    keys=TableKeys,
    required=("table",),
    implied_by=("table",),
    named_by="table",
    options=(*DATES, *VERSIONS),
)

"""A DataFrame of Spark or pandas that a program hands over: a temporary view of the session."""

from __future__ import annotations

from spark_jobs.sources.options import DATES
from spark_jobs.sources.source_kind import SourceKind, lazily
from spark_jobs.spec.sources import Source


def source_of_view(view: str) -> Source:
    """Return the source that reads a DataFrame from a temporary view."""
    return Source(kind="dataframe", table=view)


SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.dataframe:read"),
    required=("table",),
    named_by="table",
    options=DATES,
    is_in_program=True,
)

"""The kinds of columns that a spec declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spark_jobs.data.types import Kind
from spark_jobs.spec.models import Spec


def declared_kinds(spec: Spec) -> Iterator[tuple[str, Kind]]:
    """Yield each column that `columns` lists, with the kind that it is declared to be."""
    columns = spec.columns
    lists: Mapping[Kind, tuple[str, ...]] = {
        "number": columns.numeric,
        "category": (*columns.categorical, *columns.order),
        "date": columns.date,
        "text": columns.text,
    }
    for kind, names in lists.items():
        for name in names:
            yield name, kind

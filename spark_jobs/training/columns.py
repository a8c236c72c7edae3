"""Check that the source has the columns that a spec names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.spec import Spec

_IN_STEPS: Final = ("target", "weight", "columns.numeric", "columns.categorical", "columns.date", "columns.order")


def check_columns(spec: Spec, names: Iterable[str], unusable: Mapping[str, str] | None = None) -> None:
    """Refuse a spec that names a column that the source lacks or no step can use.

    Args:
        unusable: columns with a stored type that cannot be used, with that type.

    Raises:
        DataError: the message names the key and the column; the advice suggests the nearest column.
    """
    known, unread = set(names), unusable or {}
    for key, asked in _named(spec):
        if asked in unread and (key in _IN_STEPS or (asked not in known and key != "columns.ignore")):
            why = "which no step can use" if key in _IN_STEPS else "which cannot be read"
            cause = f"`{key}`: the column '{asked}' is stored as {unread[asked]}, {why}."
            raise DataError(cause, "Name another column, or change its type in the data.")
        if asked not in known and asked not in unread:
            raise DataError(f"`{key}`: the source has no column '{asked}'.", did_you_mean(asked, known))


def _named(spec: Spec) -> Iterable[tuple[str, str]]:
    yield "target", spec.target
    if spec.weight:
        yield "weight", spec.weight
    lists: dict[str, Iterable[str]] = {
        "key": spec.key,
        **{
            f"columns.{name}": getattr(spec.columns, name)
            for name in ("ignore", "numeric", "categorical", "date", "text")
        },
        "split.column": (spec.split.column,) if spec.split.column else (),
        "columns.order": spec.columns.order,
        "features.per_column": spec.features.per_column,
        "evaluate.slices": spec.evaluate.slices,
        "predictions.keep": spec.predictions.keep if not isinstance(spec.predictions.keep, str) else (),
        "predictions.partition_by": spec.predictions.partition_by,
    }
    for key, names in lists.items():
        yield from ((key, name) for name in names)

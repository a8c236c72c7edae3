"""Merge the columns of Parquet files whose schemas differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.errors import DataError
from spark_jobs.formats.footers import whole_range
from spark_jobs.formats.parquet_schema import NESTED, Field, wider
from spark_jobs.sources.files import DataFile

_EXACT = 2**53
_ADVICE = "Write these files again with one type, or use a glob that excludes some."


class Layout(NamedTuple):
    """Files with the same columns, and these columns."""

    files: tuple[DataFile, ...]
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """Return the column of that name, ignoring case."""
        return next((field for field in self.fields if field.name.casefold() == name.casefold()), None)


@dataclass(frozen=True)
class Merged:
    """A column of all files. `kind` is None if no file's can be read; `stored` is a type that no step supports."""

    name: str
    kind: T.DataType | None
    stored: str | None = None
    decisions: tuple[str, ...] = ()

    def cell(self, layout: Layout) -> Column:
        """Return the column in the rows of one layout; null if the layout does not have it."""
        assert self.kind is not None
        field = layout.field(self.name)
        if field is None or field.read is None:
            return F.lit(None).cast(self.kind).alias(self.name)
        return field.cell(self.kind).alias(self.name)


def merged(layouts: Sequence[Layout], partitions: Sequence[str]) -> list[Merged]:
    """Return the columns of all files, in order of appearance, without the partition columns.

    Raises:
        DataError: A column has incompatible types.
    """
    folders = {name.casefold() for name in partitions}
    names: dict[str, str] = {}
    for layout in layouts:
        for field in layout.fields:
            if field.name.casefold() not in folders:
                names.setdefault(field.name.casefold(), field.name)
    return [_merged(name, layouts) for name in names.values()]


def _merged(name: str, layouts: Sequence[Layout]) -> Merged:
    having = [(layout, field) for layout in layouts if (field := layout.field(name)) is not None]
    kind = _together(name, [(layout, field) for layout, field in having if field.read is not None and not field.empty])
    if kind is None:  # no file holds a value
        kind = next((field.kind for _, field in having if field.read is not None), None)
    if isinstance(kind, T.DoubleType):
        _check_exact(name, having)
    nested = {field.kind.simpleString() for _, field in having if isinstance(field.kind, NESTED)}
    stored = next((field.stored for _, field in having if field.stored), None)
    conflicting = " and ".join(sorted(nested)) if len(nested) > 1 else None
    return Merged(name, kind, stored or conflicting, tuple(_decisions(name, kind, layouts, having)))


def _together(name: str, having: Sequence[tuple[Layout, Field]]) -> T.DataType | None:
    kind: T.DataType | None = None
    for layout, field in having:
        known, kind = kind, field.kind if kind is None else wider(kind, field.kind)
        if kind is None:
            raise _conflict(name, str(known and known.simpleString()), having, layout)
    return kind


def _conflict(name: str, known: str, having: Sequence[tuple[Layout, Field]], layout: Layout) -> DataError:
    files = {field.kind.simpleString(): one.files[0].path for one, field in reversed(having)}
    new = next(field.kind.simpleString() for one, field in having if one is layout)
    first = files.get(known, having[0][0].files[0].path)
    return DataError(
        f"The column '{name}' is {known} in '{first}' and {new} in '{layout.files[0].path}': no type holds both.",
        _ADVICE,
    )


def _check_exact(name: str, having: Sequence[tuple[Layout, Field]]) -> None:
    """Refuse a BIGINT column that would change a value when read as DOUBLE."""
    for layout, field in having:
        if not isinstance(field.kind, T.LongType) or field.empty:
            continue
        for file in layout.files:
            found = whole_range(file.path, field.name) if file.local else None
            if found is None or max(abs(found[0]), abs(found[1])) > _EXACT:
                raise DataError(
                    f"The column '{name}' is bigint in '{file.path}' and double in other files: "
                    "a double cannot hold all of its values.",
                    _ADVICE,
                )


def _decisions(
    name: str, kind: T.DataType | None, layouts: Sequence[Layout], having: Sequence[tuple[Layout, Field]]
) -> list[str]:
    total = sum(len(layout.files) for layout in layouts)
    there = sum(len(layout.files) for layout, _ in having)
    told = [f"'{name}' is in {there:,} of {total:,} files, and null in the others"] if there < total else []
    kinds: dict[str, int] = {}
    for layout, field in having:
        kinds[field.kind.simpleString()] = kinds.get(field.kind.simpleString(), 0) + len(layout.files)
    if len(kinds) > 1 and kind is not None:
        listed = ", ".join(f"{one} in {count:,}" for one, count in sorted(kinds.items()))
        told.append(f"'{name}' is {listed} files: read as {kind.simpleString()}")
    if any(field.read != field.kind and isinstance(field.read, T.LongType) for _, field in having):
        told.append(f"'{name}' has nanoseconds: truncated to microseconds")
    return told

"""Rows, as columns of whatever kind, to the arrays that a graph takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.bundle.manifest import Input, Manifest
from spark_jobs.bundle.moments import DAY, MICRO, Zones, days_of, moments_of, within_years, zone_of
from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.bundle.values import NULL, is_missing, plain, reader_of, text
from spark_jobs.errors import DataError, did_you_mean

Array = npt.NDArray[Any]
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Arrays:
    """What a graph takes: an array `[N]` a column, of double or of text (object), by the column's name.

    `lost` counts the cells of a column that hold something, but nothing of its type: they count as missing.
    """

    feed: Mapping[str, Array]
    lost: Mapping[str, int]
    rows: int


def arrays(columns: Any, manifest: Manifest, zones: Zones | None = None) -> Arrays:
    """What the graph of that manifest takes of some rows, each cell read as scoring in Spark reads it.

    Args:
        columns: values by column name: a mapping to lists or arrays, or a pandas frame. Columns that the model does
            not read may be there.
        manifest: of the bundle.
        zones: of whose wall times the cells are; by default of the manifest's time zone, as Python has it.

    Raises:
        DataError: a column that the model reads is not there, its length is not that of the others, or it is text
            and came as something that does not say how it was written.
    """
    # Headers are read without the blanks around them; pandas keeps those.
    known = {
        **{name.strip(BLANKS): name for name in columns if isinstance(name, str)},
        **{name: name for name in columns},
    }
    gone = [one.name for one in manifest.inputs if one.name not in known]
    if gone:
        listed = ", ".join(f"'{name}'" for name in gone[:10]) + (" …" if len(gone) > 10 else "")
        raise DataError(
            f"The rows lack columns that the model reads: {listed}.", did_you_mean(gone[0], map(str, known))
        )
    zones = zones or Zones.of(zone_of(manifest.timezone))
    given = {one.name: _Column(one, columns[known[one.name]], manifest, zones) for one in manifest.inputs}
    rows = _rows({name: len(column.values) for name, column in given.items()})
    feed = {name: column.array() for name, column in given.items()}
    return Arrays(feed, {name: column.lost for name, column in given.items() if column.lost}, rows)


def _rows(lengths: Mapping[str, int]) -> int:
    first = next(iter(lengths.values()), 0)
    for name, length in lengths.items():
        if length != first:
            raise DataError(f"The column '{name}' has {length:,} cells, others have {first:,}.", "Give whole rows.")
    return first


class _Column:
    """One column on its way to its array; `lost` is known when it has got there."""

    def __init__(self, one: Input, values: Any, manifest: Manifest, zones: Zones) -> None:
        self.one, self.manifest, self.zones = one, manifest, zones
        self.aware = getattr(getattr(values, "dtype", None), "tz", None) is not None
        self.values = _plain_array(one.name, values, self.aware)
        self.lost = 0

    def array(self) -> Array:
        """The array that the graph takes."""
        if self.one.type == "string":
            return self._texts()
        kind = self.values.dtype.kind
        if kind == "M" and self.one.cells in ("date", "timestamp"):
            return self._dated()
        if kind in "fiub" and self.one.cells in ("number", "boolean"):
            return self._numeric()
        return self._read()

    def _numeric(self) -> Array:
        found = self.values.astype(np.float64)
        fits = np.isfinite(found) if self.one.cells == "number" else (found == 0) | (found == 1)
        self.lost = int((~fits & ~np.isnan(found)).sum())
        return np.where(fits, found, NULL)

    def _dated(self) -> Array:
        """Moments that numpy holds: wall time, unless pandas knows their zone."""
        ticks = self.values.astype("datetime64[us]").astype(np.int64)
        there = ticks != _NAT
        fits = there & within_years(ticks)
        self.lost = int((there & ~fits).sum())
        found = np.full(len(ticks), NULL)
        if self.one.cells == "date":
            found[fits] = days_of(ticks[fits], self.zones, wall=not self.aware) * float(DAY)
        else:
            found[fits] = moments_of(ticks[fits], self.zones, wall=not self.aware) / MICRO
        return found

    def _read(self) -> Array:
        """Cell by cell, each distinct text once."""
        read = reader_of(self.one, self.zones)
        known: dict[str, float] = {}
        found = np.full(len(self.values), NULL)
        for place, value in self._present():
            if not isinstance(value, str):
                found[place] = read(value)
            elif value in known:
                found[place] = known[value]
            else:
                found[place] = known[value] = read(value)
            self.lost += bool(np.isnan(found[place]))
        return found

    def _texts(self) -> Array:
        sentinel = self.manifest.null_sentinel
        found = np.empty(len(self.values), dtype=object)
        # Where '' is no mark of a missing value, sources read what is missing as ''.
        found[:] = sentinel if "" in self.manifest.null_values else ""
        for place, value in self._present():
            said = text(value, self.one.digits)
            if said is None:
                raise _unwritten(self.one.name, value)
            found[place] = sentinel * 2 if said == sentinel else said
        return found

    def _present(self) -> Iterator[tuple[int, Any]]:
        """The cells that are not missing, as values of Python's own, and their places."""
        marks = frozenset(self.manifest.null_values)
        for place, cell in enumerate(self.values):
            if is_missing(cell):
                continue
            value = plain(cell)
            if not (isinstance(value, str) and value in marks):
                yield place, value


def _plain_array(name: str, values: Any, aware: bool) -> Array:
    if aware:
        values = values.to_numpy("datetime64[us]")
    elif hasattr(values, "to_numpy"):
        values = values.to_numpy()
    elif not isinstance(values, np.ndarray):
        values = np.fromiter(_listed(name, values), dtype=object)
    if values.ndim != 1:
        raise DataError(f"The column '{name}' has {values.ndim} dimensions.", "Give each column once, one cell a row.")
    return np.asarray(values)


def _listed(name: str, values: Any) -> Iterable[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise DataError(f"The column '{name}' is no list of cells but {type(values).__name__}.", "Give whole columns.")
    return values


def _unwritten(name: str, value: Any) -> DataError:
    kind = type(value).__name__
    return DataError(
        f"The column '{name}' is text, and a cell came as {kind}: how it was written is lost.",
        f"Give it as text, as `pandas.read_csv(…, dtype={{{name!r}: str}})` does.",
    )

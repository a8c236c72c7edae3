"""Conversion of rows, given as columns of any kind, to the graph's input tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.bundle.manifest import Input, Manifest
from spark_jobs.bundle.moments import DAY, MICRO, Zones, days_of, moments_of, within_years, zone_of
from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.bundle.values import NULL, is_missing, plain_value, read_text, reader_of
from spark_jobs.errors import DataError, did_you_mean, format_list

Array = npt.NDArray[Any]
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Arrays:
    """A graph's input tensors by column name: `[N]`, of doubles or of text (object).

    `lost` counts by column the values that do not parse as the column's type; they become null.
    """

    feed: Mapping[str, Array]
    lost: Mapping[str, int]
    rows: int


def arrays(columns: Any, manifest: Manifest, zones: Zones | None = None) -> Arrays:
    """Convert rows to the input tensors of a bundle's graph, reading each cell as scoring in Spark does.

    Args:
        columns: Values by column name: a mapping to lists or arrays, or a pandas DataFrame. Columns that the model does
            not use are ignored.
        zones: The time zones of local times; default: the manifest's time zone, from Python's table.

    Raises:
        DataError: A used column is missing, has another length than the others, or is a text column whose values have
            another type, so that their original spelling is lost.
    """
    # Spark's readers strip blanks around headers; pandas keeps them.
    known = {
        **{name.strip(BLANKS): name for name in columns if isinstance(name, str)},
        **{name: name for name in columns},
    }
    gone = [one.name for one in manifest.inputs if one.name not in known]
    if gone:
        cause = f"The rows lack columns that the model reads: {format_list(gone, quote=True)}."
        raise DataError(cause, did_you_mean(gone[0], map(str, known)))
    zones = zones or Zones.of(zone_of(manifest.timezone))
    given = {one.name: _Column(one, columns[known[one.name]], manifest, zones) for one in manifest.inputs}
    rows = _rows({name: len(column.values) for name, column in given.items()})
    feed = {name: column.array() for name, column in given.items()}
    return Arrays(feed, {name: column.lost for name, column in given.items() if column.lost}, rows)


def _rows(lengths: Mapping[str, int]) -> int:
    first = next(iter(lengths.values()), 0)
    for name, length in lengths.items():
        if length != first:
            raise DataError(
                f"The column '{name}' has {length:,} values, others have {first:,}.", "Pass columns of equal length."
            )
    return first


class _Column:
    """The conversion of one column; `array` also sets `lost`."""

    def __init__(self, one: Input, values: Any, manifest: Manifest, zones: Zones) -> None:
        self.one, self.manifest, self.zones = one, manifest, zones
        self.aware = getattr(getattr(values, "dtype", None), "tz", None) is not None
        self.values = _plain_array(one.name, values, self.aware)
        self.lost = 0

    def array(self) -> Array:
        """Return the graph's input tensor `[N]`."""
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
        """Convert datetime64 values; they are local times unless pandas knows their time zone."""
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
        """Convert cell by cell, parsing each distinct text once."""
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
        # If '' is not a null value, sources read missing values as ''.
        found[:] = sentinel if "" in self.manifest.null_values else ""
        for place, value in self._present():
            said = read_text(value, self.one.digits)
            if said is None:
                raise _unwritten(self.one.name, value)
            found[place] = sentinel * 2 if said == sentinel else said
        return found

    def _present(self) -> Iterator[tuple[int, Any]]:
        """Yield the index and the Python value of each cell that is not null."""
        marks = frozenset(self.manifest.null_values)
        for place, cell in enumerate(self.values):
            if is_missing(cell):
                continue
            value = plain_value(cell)
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
        raise DataError(
            f"The column '{name}' has {values.ndim} dimensions.", "Pass each column once, with one value per row."
        )
    return np.asarray(values)


def _listed(name: str, values: Any) -> Iterable[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise DataError(
            f"The column '{name}' must be a list of values, not {type(values).__name__}.", "Pass whole columns."
        )
    return values


def _unwritten(name: str, value: Any) -> DataError:
    kind = type(value).__name__
    return DataError(
        f"The column '{name}' must be text, but a value is {kind}, so its original spelling is lost.",
        f"Pass it as text, for example with `pandas.read_csv(…, dtype={{{name!r}: str}})`.",
    )

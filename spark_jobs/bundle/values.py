"""Conversion of single cells to the graph's inputs in Python, equal to `spark_jobs.columns.cells` in SQL.

A null cell is None, NaN, pandas' NA or NaT, or one of the manifest's `null_values`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from spark_jobs.bundle.manifest import Input
from spark_jobs.bundle.moments import DAY, MICRO, Zones, day_of, day_of_text, moment_of, moment_of_text
from spark_jobs.bundle.numerals import PLAIN, Numerals, float_text
from spark_jobs.bundle.patterns import BLANKS

NULL = math.nan
Reader = Callable[[Any], float]
_MOST = 2**63
_BOOLEANS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


def reader_of(one: Input, zones: Zones) -> Reader:
    """Return the function that converts a cell (trimmed text or a Python value) of a non-text column, or to NaN."""
    if one.cells == "number":
        return lambda cell: read_number(cell, one.numerals)
    if one.cells == "boolean":
        return boolean
    if one.cells == "date":
        return lambda cell: day(cell, one.formats, zones)
    return lambda cell: moment(cell, one.formats, zones)


def is_missing(cell: Any) -> bool:
    """Return whether a cell is null."""
    if cell is None:
        return True
    try:
        return bool(cell != cell)
    except (TypeError, ValueError, ArithmeticError):  # comparing NA or an array gives no bool
        return type(cell).__name__ == "NAType"


def read_number(cell: Any, numerals: Numerals = PLAIN) -> float:
    """Convert a cell to a finite number, or NaN."""
    if isinstance(cell, str):
        written = float_text(cell, numerals)
        return NULL if written is None else _finite(written)
    return _finite(cell) if isinstance(cell, int | float | Decimal) else NULL


def boolean(cell: Any) -> float:
    """Convert a cell (true or false in any case, 1, 0) to 1.0 or 0.0, or NaN."""
    if isinstance(cell, str):
        return _BOOLEANS.get(cell.lower(), NULL)
    return float(cell) if isinstance(cell, int | float | Decimal) and cell in (0, 1) else NULL


def day(cell: Any, formats: tuple[str, ...], zones: Zones) -> float:
    """Convert a cell to the seconds since 1970 UTC at midnight of its date, or NaN."""
    if isinstance(cell, date):
        try:
            return float(day_of(cell, zones) * DAY)
        except OverflowError:  # before year 1 or after 9999
            return NULL
    written = _digits(cell)
    found = None if written is None else day_of_text(written, formats)
    return NULL if found is None else float(found * DAY)


def moment(cell: Any, formats: tuple[str, ...], zones: Zones) -> float:
    """Convert a cell to seconds since 1970 UTC, or NaN."""
    if isinstance(cell, date):
        return moment_of(cell, zones) / MICRO
    written = _digits(cell)
    found = None if written is None else moment_of_text(written, formats, zones.zone)
    return NULL if found is None else found / MICRO


def read_text(cell: Any, digits: bool) -> str | None:
    """Convert a cell to text: text stays, an integer becomes its digits if `digits` allows it, else None."""
    if isinstance(cell, str):  # a lone surrogate becomes a question mark, as in Java
        return cell if cell.isascii() else cell.encode("utf-8", "replace").decode("utf-8")
    return _digits(cell) if digits else None


def plain_value(cell: Any) -> Any:
    """Convert a cell to a Python value: trim text, unwrap NumPy scalars."""
    if isinstance(cell, str):
        return cell.strip(BLANKS)
    if isinstance(cell, np.datetime64):
        found = cell.astype("datetime64[us]").item()
        return found if isinstance(found, date) else cell
    return cell.item() if isinstance(cell, np.generic) else cell


def _digits(cell: Any) -> str | None:
    """Return text, or the digits of an integer, which pandas stores as 1.0 in columns with nulls; else None."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not -_MOST < cell < _MOST:
        return None
    return str(int(cell)) if isinstance(cell, int) or cell.is_integer() else None


def _finite(value: Any) -> float:
    try:
        found = float(value)
    except (OverflowError, ValueError):  # an int too large for a double, or a signaling NaN
        return NULL
    return found if math.isfinite(found) else NULL

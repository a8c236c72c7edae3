"""How a cell becomes what the graph takes, in Python, as `data.cells` says it in SQL: the same texts, the same values.

A missing cell is None, NaN, pandas' NA or NaT, or a text that the manifest's `null_values` have.
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
    """What reads a cell (trimmed text, or a value of Python's own) of a column that is not text: NaN if it cannot."""
    if one.cells == "number":
        return lambda cell: number(cell, one.numerals)
    if one.cells == "boolean":
        return boolean
    if one.cells == "date":
        return lambda cell: day(cell, one.formats, zones)
    return lambda cell: moment(cell, one.formats, zones)


def is_missing(cell: Any) -> bool:
    """Whether a cell holds nothing."""
    if cell is None:
        return True
    try:
        return bool(cell != cell)
    except (TypeError, ValueError, ArithmeticError):  # NA is neither equal nor unequal to itself, nor is an array
        return type(cell).__name__ == "NAType"


def number(cell: Any, numerals: Numerals = PLAIN) -> float:
    """A cell as a finite number."""
    if isinstance(cell, str):
        written = float_text(cell, numerals)
        return NULL if written is None else _finite(written)
    return _finite(cell) if isinstance(cell, int | float | Decimal) else NULL


def boolean(cell: Any) -> float:
    """A cell as 1 or 0: true, false (in any case), 1, 0."""
    if isinstance(cell, str):
        return _BOOLEANS.get(cell.lower(), NULL)
    return float(cell) if isinstance(cell, int | float | Decimal) and cell in (0, 1) else NULL


def day(cell: Any, formats: tuple[str, ...], zones: Zones) -> float:
    """A cell as the seconds since 1970 UTC at the midnight of its day."""
    if isinstance(cell, date):
        try:
            return float(day_of(cell, zones) * DAY)
        except OverflowError:  # a day before the year 1 or after 9999
            return NULL
    written = _digits(cell)
    found = None if written is None else day_of_text(written, formats)
    return NULL if found is None else float(found * DAY)


def moment(cell: Any, formats: tuple[str, ...], zones: Zones) -> float:
    """A cell as seconds since 1970 UTC."""
    if isinstance(cell, date):
        return moment_of(cell, zones) / MICRO
    written = _digits(cell)
    found = None if written is None else moment_of_text(written, formats, zones.zone)
    return NULL if found is None else found / MICRO


def text(cell: Any, digits: bool) -> str | None:
    """A cell as text; a whole number as its `digits`, where these may stand for it. None for anything else."""
    if isinstance(cell, str):  # half a surrogate pair is no text, and what Java writes for it is a question mark
        return cell if cell.isascii() else cell.encode("utf-8", "replace").decode("utf-8")
    return _digits(cell) if digits else None


def plain(cell: Any) -> Any:
    """A cell as a value of Python's own: text trimmed, numpy's scalars unwrapped."""
    if isinstance(cell, str):
        return cell.strip(BLANKS)
    if isinstance(cell, np.datetime64):
        found = cell.astype("datetime64[us]").item()
        return found if isinstance(found, date) else cell
    return cell.item() if isinstance(cell, np.generic) else cell


def _digits(cell: Any) -> str | None:
    """Text, or the digits of a whole number, which pandas holds as 1.0 where the column has missing cells."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not -_MOST < cell < _MOST:
        return None
    return str(int(cell)) if isinstance(cell, int) or cell.is_integer() else None


def _finite(value: Any) -> float:
    try:
        found = float(value)
    except (OverflowError, ValueError):  # a whole number too large, a signalling NaN
        return NULL
    return found if math.isfinite(found) else NULL

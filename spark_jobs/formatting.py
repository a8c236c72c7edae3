"""Numbers, percentages, durations and JSON values, written alike on the terminal, on pages and in messages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

NOTHING = "\N{EN DASH}"


def format_number(value: float | int | None, digits: int = 4) -> str:
    """Format a number with `digits` significant digits; whole numbers keep all of theirs.

    >>> [format_number(value) for value in (1234567, 0.123456, 43.2109, 1.5e-9, None)]
    ['1,234,567', '0.1235', '43.21', '1.5e-09', '\u2013']
    """
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 10 ** (digits - 1) <= abs(value) < 1e9 else f"{value:.{digits}g}"


def format_percent(part: float, whole: float = 1) -> str:
    """Format a part of a whole in per cent; a tiny share never reads as 0.

    >>> format_percent(1, 4), format_percent(0, 9), format_percent(1, 100000), format_percent(0, 0)
    ('25 %', '0 %', '< 0.1 %', '\u2013')
    """
    if not whole:
        return NOTHING
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:,.0f} %"


def format_count(count: int, noun: str) -> str:
    """Format a count and its noun.

    >>> format_count(1, "row"), format_count(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_duration(seconds: float) -> str:
    """Format seconds, from a minute on as minutes and seconds.

    >>> format_duration(3.14), format_duration(65)
    ('3.1 s', '1:05 min')
    """
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)}:{int(seconds % 60):02d} min"


def format_metrics(metrics: Mapping[str, float]) -> str:
    """Format metrics and their names as one line.

    >>> format_metrics({"rmse": 12345.678, "r2": 0.98765})
    'rmse 12,346, r2 0.9877'
    """
    return ", ".join(f"{name} {format_number(value)}" for name, value in metrics.items())


def to_jsonable(value: Any, omit: bool = False) -> Any:
    """Convert a tree of values to JSON's types: NumPy's to lists and numbers, unknown ones to text.

    Args:
        value: the root of the tree.
        omit: whether keys of NaN and infinities are left out. In lists, and by default, these become None.

    >>> to_jsonable({"rmse": float("nan"), "bins": (1, 2)})
    {'rmse': None, 'bins': [1, 2]}
    """
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item, omit) for key, item in value.items() if not (omit and _is_no_number(item))}
    if isinstance(value, list | tuple):
        return [to_jsonable(item, omit) for item in value]
    if hasattr(value, "tolist"):
        return to_jsonable(value.tolist(), omit)
    if _is_no_number(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)

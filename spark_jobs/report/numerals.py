"""Numbers as people read them."""

from __future__ import annotations

import math

NOTHING = "\N{EN DASH}"


def number(value: float | int | None) -> str:
    """A number in at most about seven characters, whole ones with thousands set apart.

    >>> number(1234567), number(0.123456), number(43.2109), number(1.5e-9), number(None)
    ('1,234,567', '0.1235', '43.21', '1.5e-09', '\u2013')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000 and abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent; what is there but tiny does not read as nothing.

    >>> share(1, 4), share(0, 9), share(1, 100000), share(0, 0)
    ('25 %', '0 %', '< 0.1 %', '\u2013')
    """
    if not whole:
        return NOTHING
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"


def plural(count: int, noun: str) -> str:
    """A count and its noun.

    >>> plural(1, "row"), plural(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shortened(text: str, length: int = 32) -> str:
    """A text of at most that many characters, its middle left out: ends tell names apart.

    >>> shortened("a_very_long_column_name", 11)
    'a_ver…_name'
    """
    shown = "".join(sign if sign.isprintable() else "·" for sign in " ".join(text.split())) or repr(text)
    if len(shown) <= length:
        return shown
    tail = (length - 1) // 2
    return f"{shown[: length - 1 - tail]}…{shown[len(shown) - tail :]}"

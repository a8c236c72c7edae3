"""Detection of the datetime pattern of a text column. Uses Arrow, not Spark."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from spark_jobs.bundle.patterns import ISO_DATE, ISO_TIMESTAMP, pattern
from spark_jobs.columns.types import Cells
from spark_jobs.profile.profile import ColumnProfile

_SWAPPED: Final = {
    "MM/dd/yyyy": "dd/MM/yyyy",
    "dd/MM/yyyy": "MM/dd/yyyy",
    "MM-dd-yyyy": "dd-MM-yyyy",
    "dd-MM-yyyy": "MM-dd-yyyy",
    "MM/dd/yy": "dd/MM/yy",
    "dd/MM/yy": "MM/dd/yy",
}
_NAMES_DATE: Final = "looks like a date: name its pattern in `source.options.dateFormat` or `timestampFormat`"
_LOOKS: Final = {
    "[0-9]{1,4}:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?": "looks like a time of day or a duration: give it as a number",
    "[0-9]{1,2}[-/.][0-9]{1,2}[-/.][5-9][0-9]( .*)?": "has two-digit years of an unknown century: write them with four",
    "([0-9]{4}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2})[-/.][0-9]{2,4}.*": _NAMES_DATE,
    ".*[0-9]{1,2}([.]|st|nd|rd|th)?[-/ ][A-Za-z]{3,9}[.]?[-/ ,]+[0-9]{2,4}.*": _NAMES_DATE,
    ".*[A-Za-z]{3,9}[.]? [0-9]{1,2}(st|nd|rd|th)?,? [0-9]{4}.*": _NAMES_DATE,
}


def best_format(formats: Mapping[str, int], named: tuple[str, ...], digits: bool = False) -> tuple[str, int]:
    """Return the pattern that fits most cells, with their number.

    A pattern that the user named takes precedence. Eight digits are a date only if `digits` is true or the user named
    `yyyyMMdd`.
    """
    counts = {form: n for form, n in formats.items() if form != "yyyyMMdd" or digits or form in named}
    if ISO_TIMESTAMP in counts:
        counts[ISO_TIMESTAMP] += counts.pop(ISO_DATE, 0)
    return max(counts.items(), key=lambda item: (item[0] in named, item[1]), default=(ISO_DATE, 0))


def other_way(form: str, formats: Mapping[str, int], named: tuple[str, ...]) -> str:
    """Return the pattern with day and month swapped, or an empty text.

    The pattern is returned if every cell fits it too and the user named no pattern.
    """
    day, blank, clock = form.partition(" ")
    other = f"{_SWAPPED.get(day, '')}{blank}{clock}"
    swapped = day in _SWAPPED and form not in named and formats.get(form, 0) == formats.get(other, 0)
    return other if swapped else ""


def date_cells(form: str) -> Cells:
    """Return whether cells in that pattern are dates or timestamps."""
    return "timestamp" if form == ISO_TIMESTAMP or pattern(form).timed else "date"


def extra(form: str) -> tuple[str, ...]:
    """Return the pattern, or nothing if it is ISO 8601 and therefore always tried."""
    return () if form in (ISO_DATE, ISO_TIMESTAMP) else (form,)


def looks_like(profile: ColumnProfile) -> str:
    """Return what the most frequent text resembles and how to make it readable, or an empty text."""
    example = next(iter(profile.levels.counts), "") if profile.levels else ""
    found = next((said for look, said in _LOOKS.items() if re.fullmatch(look, example.strip())), "")
    return f"`{example[:30]}` {found}" if found else ""

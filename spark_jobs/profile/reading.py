"""How much of a text column reads as a number, a boolean or a date. Knows Arrow, not Spark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bundle.patterns import BLANKS, ISO_DATE, ISO_TIMESTAMP, MONTHS, number_regex, pattern
from spark_jobs.profile.exactness import are_held, places, wide_whole

if TYPE_CHECKING:
    from spark_jobs.data.types import Cells, ColumnType

WHOLE: Final = float(2**53)
DAYS: Final = (
    ISO_DATE,
    "yyyy/MM/dd",
    "MM/dd/yyyy",
    "dd/MM/yyyy",
    "dd.MM.yyyy",
    "MM-dd-yyyy",
    "dd-MM-yyyy",
    "yyyyMMdd",
    "dd-MMM-yyyy",
    "dd MMM yyyy",
    "MMM dd, yyyy",
)
CLOCKS: Final = (" HH:mm:ss", " hh:mm:ss a", " HH:mm", " hh:mm a")
_BOOLEAN: Final = "^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|1|0)$"
_MAYBE_DATE: Final = r"^(?:[0-9]{8}$|[0-9]{1,4}[-/. ][0-9A-Za-z]{1,3}[-/. ][0-9]{1,4}|[A-Za-z]{3} [0-9]{1,2}, [0-9]{4})"
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class TextReading:
    """Of the cells of a text column: how many read as what. Two readings add up to that of both parts.

    `number` counts finite numbers, `whole` those that BIGINT holds (beyond ±2**53 where they are written in digits),
    `leading_zeros` digits that begin with a zero (codes rather than numbers), `boolean` true, false, 1 and 0; `formats`
    the datetime patterns that fit, one cell may fit several; `longest` is in characters, `lowest` and `highest` are of
    the numbers. `held` is false where a number has more digits than a double or BIGINT holds; `digits` and `fraction`
    are the most before and after the point of any number.
    """

    cells: int = 0
    number: int = 0
    whole: int = 0
    leading_zeros: int = 0
    boolean: int = 0
    formats: Mapping[str, int] = field(default_factory=dict)
    longest: int = 0
    lowest: float | None = None
    highest: float | None = None
    held: bool = True
    digits: int = 0
    fraction: int = 0

    @classmethod
    def of(
        cls, values: pa.Array, counts: npt.NDArray[np.int64], decimal: str = ".", formats: Iterable[str] = ()
    ) -> TextReading:
        """The reading of distinct text values and how often each comes; `formats` are looked for beside the usual."""
        if not len(values):
            return cls()
        text = pc.utf8_trim(values.cast(pa.string()), BLANKS)
        numbers = _numbers(text, decimal)
        finite = np.isfinite(numbers)
        whole = finite & (np.rint(numbers) == numbers) & (np.abs(numbers) <= WHOLE)
        whole |= wide_whole(text, finite & (np.abs(numbers) > WHOLE))
        digits, fraction = places(text, finite, decimal)
        return cls(
            cells=int(counts.sum()),
            number=int(counts[finite].sum()),
            whole=int(counts[whole].sum()),
            leading_zeros=_count(text, "^0[0-9]+$", counts),
            boolean=_count(text, _BOOLEAN, counts),
            formats=_formats(text, counts, tuple(formats)),
            longest=int(pc.max(pc.utf8_length(text)).as_py()),
            lowest=float(numbers[finite].min()) if finite.any() else None,
            highest=float(numbers[finite].max()) if finite.any() else None,
            held=are_held(text, numbers, finite & ~whole, decimal),
            digits=digits,
            fraction=fraction,
        )

    def __add__(self, other: TextReading) -> TextReading:
        counts = {
            name: getattr(self, name) + getattr(other, name)
            for name in ("cells", "number", "whole", "leading_zeros", "boolean")
        }
        formats = {
            form: self.formats.get(form, 0) + other.formats.get(form, 0)
            for form in sorted({*self.formats, *other.formats})
        }
        lows = [reading.lowest for reading in (self, other) if reading.lowest is not None]
        highs = [reading.highest for reading in (self, other) if reading.highest is not None]
        return TextReading(
            **counts,
            formats=formats,
            longest=max(self.longest, other.longest),
            lowest=min(lows, default=None),
            highest=max(highs, default=None),
            held=self.held and other.held,
            digits=max(self.digits, other.digits),
            fraction=max(self.fraction, other.fraction),
        )

    def read_as(self, cells: Cells, formats: Iterable[str] = ()) -> int:
        """How many cells become a value where a column is read so (`ColumnType.cells` and `formats`)."""
        if cells == "text":
            return self.cells
        if cells in ("number", "boolean"):
            return self.number if cells == "number" else self.boolean
        usual = (ISO_DATE, ISO_TIMESTAMP) if cells == "timestamp" else (ISO_DATE,)
        return sum(self.formats.get(form, 0) for form in dict.fromkeys((*usual, *formats)))

    def is_plain(self, column: ColumnType) -> bool:
        """Whether every cell is of the column's type and written as `cells.plain_sql` reads it."""
        if column.cells == "number":
            return column.decimal == "." and self.number == self.cells
        iso = {"date": ISO_DATE, "timestamp": ISO_TIMESTAMP}.get(column.cells)
        return iso is not None and self.formats.get(iso, 0) == self.cells

    def to_dict(self) -> dict[str, Any]:
        """The reading as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TextReading:
        """The reading that `to_dict` wrote."""
        return cls(**stored)


def _matches(text: pa.Array, regex: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.match_substring_regex(text, regex).to_numpy(zero_copy_only=False)
    return found


def _count(text: pa.Array, regex: str, counts: npt.NDArray[np.int64]) -> int:
    return int(counts[_matches(text, regex)].sum())


def _numbers(text: pa.Array, decimal: str) -> npt.NDArray[np.float64]:
    """Each text as its number: NaN where it is none, inf where it is too large for a double."""
    numbers = np.full(len(text), np.nan)
    seen = _matches(text, number_regex(decimal))
    plain = text.filter(pa.array(seen))
    if decimal != ".":
        plain = pc.replace_substring(plain, decimal, ".")
    numbers[seen] = np.array([float(number) for number in plain.to_pylist()], dtype=np.float64)
    return numbers


def _formats(text: pa.Array, counts: npt.NDArray[np.int64], declared: tuple[str, ...]) -> dict[str, int]:
    found = {form: n for form in declared if (n := int(counts[_fits(text, form)].sum()))}
    maybe = _matches(text, _MAYBE_DATE)
    if not maybe.any():
        return found
    text, counts = text.filter(pa.array(maybe)), counts[maybe]
    for form in _likely(text):
        if form not in found and (n := int(counts[_fits(text, form)].sum())):
            found[form] = n
    return found


def _likely(text: pa.Array) -> Iterator[str]:
    """The usual patterns whose day fits the beginning of any of the texts."""
    timed = _matches(text, "[0-9][T ][0-9]{1,2}:")
    for day in DAYS:
        beginning = pattern(day).regex(names=True).removesuffix("$")
        starts = _matches(text, beginning + "(?:$|[T ])")
        if (starts & ~timed).any():
            yield day
        if (starts & timed).any():
            yield from (
                (ISO_TIMESTAMP, *(day + clock for clock in CLOCKS))
                if day == ISO_DATE
                else (day + clock for clock in CLOCKS)
            )


def _fits(text: pa.Array, form: str) -> npt.NDArray[np.bool_]:
    """Which texts are a day (and time) that exists, written in that pattern."""
    known = pattern(form)
    seen = _matches(text, known.regex(names=True))
    if not seen.any():
        return seen
    parts = pc.extract_regex(text.filter(pa.array(seen)), known.regex(names=True))
    year = pc.struct_field(parts, "year").cast(pa.int64()).to_numpy(zero_copy_only=False)
    day = pc.struct_field(parts, "day").cast(pa.int64()).to_numpy(zero_copy_only=False)
    month = _month(pc.struct_field(parts, "month"), known.named_month)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    seen[seen] = day <= _MONTH_DAYS[month] + ((month == 2) & leap)
    return seen


def _month(text: pa.Array, named: bool) -> npt.NDArray[np.int64]:
    if named:
        names = pa.array(re.findall("...", MONTHS))
        text = pc.add(pc.index_in(pc.utf8_lower(text), value_set=names), 1)
    month: npt.NDArray[np.int64] = text.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return month

"""Counts of the cells of a text column that parse as a number, a boolean or a date. Uses Arrow, not Spark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bundle.numerals import PLAIN, Numerals
from spark_jobs.bundle.patterns import BLANKS, ISO_DATE, ISO_TIMESTAMP, MONTHS, number_regex, pattern
from spark_jobs.profile.exactness import are_held, places, wide_whole
from spark_jobs.profile.spelling import Spelling, spellings

if TYPE_CHECKING:
    from spark_jobs.columns.types import ColumnType

WHOLE: Final = float(2**53)
# Date patterns by a regex of their beginning, so that a column is tested against few of them.
_BY_LOOK: Final = {
    "^[0-9]{4}[-/]": (ISO_DATE, "yyyy/MM/dd"),
    "^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}": ("MM/dd/yyyy", "dd/MM/yyyy", "dd.MM.yyyy", "MM-dd-yyyy", "dd-MM-yyyy"),
    "^[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{2}(?:$|[T ])": ("MM/dd/yy", "dd/MM/yy", "dd.MM.yy"),
    "^[0-9]{8}(?:$|[T ])": ("yyyyMMdd",),
    "^[0-9]{1,2}[- ][A-Za-z]": ("dd-MMM-yyyy", "dd MMM yyyy", "dd MMMM yyyy", "dd-MMM-yy", "dd MMM yy"),
    "^[A-Za-z]{3,9} [0-9]": ("MMM dd, yyyy", "MMMM dd, yyyy"),
}
_WHOLE_BY_LOOK: Final = {
    "^[0-9]{8}T[0-9]{6}": ("yyyyMMdd'T'HHmmss", "yyyyMMdd'T'HHmmssX"),
    "^[0-9]{1,2}/[A-Za-z]": ("dd/MMM/yyyy:HH:mm:ss Z",),
    "^[A-Za-z]{3}, [0-9]": ("EEE, dd MMM yyyy HH:mm:ss Z",),
}
DAYS: Final = tuple(day for days in _BY_LOOK.values() for day in days)
WHOLE_FORMS: Final = tuple(form for forms in _WHOLE_BY_LOOK.values() for form in forms)
CLOCKS: Final = (" HH:mm:ss", " hh:mm:ss a", " HH:mm", " hh:mm a")
_BOOLEAN: Final = "^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|1|0)$"
_MAYBE_DATE: Final = (
    "^(?:[0-9]{8}(?:$|T[0-9]{6})|[0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}[-/. ][0-9]{1,4}|[A-Za-z]{3,9},? [0-9]{1,2},? )"
)
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class TypeCounts:
    """The number of cells of a text column that parse as each type. Counts of two parts of a table add up.

    Attributes:
        whole: numbers that BIGINT holds; beyond ±2**53 only those written in digits.
        leading_zeros: digits that begin with a zero, which are codes rather than numbers.
        formats: cells by the datetime pattern they fit; a cell may fit several.
        longest: the length of the longest text in characters.
        held: whether a double or BIGINT holds all digits of every number.
        digits: the largest number of digits before the decimal sign.
        fraction: the largest number of digits after the decimal sign.
        written: cells by the key of their spelling, of texts that look like numbers but do not parse as plain ones.
        beside: the same for the plain numbers of a batch that has such texts.
        decimal: the decimal sign with which numbers were parsed.
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
    written: Mapping[str, int] = field(default_factory=dict)
    beside: Mapping[str, int] = field(default_factory=dict)
    decimal: str = "."

    @classmethod
    def of(
        cls, values: pa.Array, counts: npt.NDArray[np.int64], decimal: str = ".", formats: Iterable[str] = ()
    ) -> TypeCounts:
        """Count distinct texts by type.

        Args:
            values: the distinct texts.
            counts: how often each occurs.
            formats: datetime patterns to try in addition to the usual ones.
        """
        if not len(values):
            return cls(decimal=decimal)
        text = pc.utf8_trim(values.cast(pa.string()), BLANKS)
        numbers = _numbers(text, decimal)
        finite = np.isfinite(numbers)
        written, beside = _written(text, counts, ~np.isnan(numbers))
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
            written=written,
            beside=beside,
            decimal=decimal,
        )

    def __add__(self, other: TypeCounts) -> TypeCounts:
        counts = {
            name: getattr(self, name) + getattr(other, name)
            for name in ("cells", "number", "whole", "leading_zeros", "boolean")
        }
        lows = [reading.lowest for reading in (self, other) if reading.lowest is not None]
        highs = [reading.highest for reading in (self, other) if reading.highest is not None]
        return TypeCounts(
            **counts,
            formats=_added(self.formats, other.formats),
            written=_added(self.written, other.written),
            beside=_added(self.beside, other.beside),
            longest=max(self.longest, other.longest),
            lowest=min(lows, default=None),
            highest=max(highs, default=None),
            held=self.held and other.held,
            digits=max(self.digits, other.digits),
            fraction=max(self.fraction, other.fraction),
            decimal=self.decimal,
        )

    def read_as(self, column: ColumnType) -> int:
        """Return how many cells parse as a column's type."""
        if column.cells == "text":
            return self.cells
        if column.cells in ("number", "boolean"):
            return self.numbers(column.numerals) if column.cells == "number" else self.boolean
        usual = (ISO_DATE, ISO_TIMESTAMP) if column.cells == "timestamp" else (ISO_DATE,)
        return sum(self.formats.get(form, 0) for form in dict.fromkeys((*usual, *column.formats)))

    def numbers(self, numerals: Numerals) -> int:
        """Return how many cells parse with the given numerals."""
        if numerals == Numerals(self.decimal):
            return self.number
        known, both = sum(self.beside.values()), (*self.written.items(), *self.beside.items())
        read = sum(cells for key, cells in both if Spelling.of_key(key).fits(numerals))
        return read + (self.number - known if Spelling().fits(numerals) else 0)

    def is_plain(self, column: ColumnType) -> bool:
        """Return whether every cell parses as the column's type in the plain format that `cells.plain_sql` reads."""
        if column.cells == "number":
            return column.numerals == PLAIN and self.number == self.cells
        iso = {"date": ISO_DATE, "timestamp": ISO_TIMESTAMP}.get(column.cells)
        return iso is not None and self.formats.get(iso, 0) == self.cells

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-compatible values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TypeCounts:
        """Return the counts that `to_dict` stored."""
        return cls(**stored)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}


def _written(
    text: pa.Array, counts: npt.NDArray[np.int64], plain: npt.NDArray[np.bool_]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the spellings of texts that are not plain numbers, and those of plain numbers if there are others."""
    if plain.all():
        return {}, {}
    written = spellings(text.filter(pa.array(~plain)), counts[~plain])
    return written, spellings(text.filter(pa.array(plain)), counts[plain]) if written and plain.any() else {}


def _matches(text: pa.Array, regex: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.match_substring_regex(text, regex).to_numpy(zero_copy_only=False)
    return found


def _count(text: pa.Array, regex: str, counts: npt.NDArray[np.int64]) -> int:
    return int(counts[_matches(text, regex)].sum())


def _numbers(text: pa.Array, decimal: str) -> npt.NDArray[np.float64]:
    """Return each text as a double: NaN if it is not a number, inf if it is too large."""
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
        if form not in found and (fits := _fits(text, form)).any() and not _last_century(text, form, fits):
            found[form] = int(counts[fits].sum())
    return found


def _last_century(text: pa.Array, form: str, fits: npt.NDArray[np.bool_]) -> bool:
    """Return whether a two-digit year of 50 or more occurs, which most readers would not take for 2050 to 2099."""
    known = pattern(form)
    if not known.short_year:
        return False
    parts = pc.extract_regex(text.filter(pa.array(fits)), known.regex(names=True))
    return bool(pc.any(pc.greater_equal(pc.struct_field(parts, "year"), "50")).as_py())


def _likely(text: pa.Array) -> Iterator[str]:
    """Return the usual patterns whose date part fits the beginning of a text."""
    timed = _matches(text, "[0-9][T ][0-9]{1,2}:")
    yield from _of_look(text, _WHOLE_BY_LOOK)
    for day in _of_look(text, _BY_LOOK):
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


def _of_look(text: pa.Array, looks: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for look, forms in looks.items():
        if _matches(text, look).any():
            yield from forms


def _fits(text: pa.Array, form: str) -> npt.NDArray[np.bool_]:
    """Return which texts are an existing date (and time) in that pattern."""
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
        text = pc.add(pc.index_in(pc.utf8_lower(pc.utf8_slice_codeunits(text, 0, 3)), value_set=names), 1)
    month: npt.NDArray[np.int64] = text.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return month

"""What each column is, decided from the profile of the whole table and never from its relation to the target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from spark_jobs.bundle.patterns import ISO_DATE, ISO_TIMESTAMP, pattern
from spark_jobs.data.types import Cells, ColumnType, Kind
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.reading import TextReading
from spark_jobs.spec.models import Spec

READS: Final = 0.95  # of the cells have to be numbers or dates for the column to be one
WARNED: Final = 0.05  # of a declared column's cells that do not parse
REFUSED: Final = 0.50
CODES: Final = 0.001  # of whole numbers written with a leading zero make the column a code
_FEW: Final = 20  # rows below which "all different" says nothing
_INTEGERS: Final = ("tinyint", "smallint", "int", "bigint")
_NUMERIC: Final = (*_INTEGERS, "float", "double", "decimal")
_STORED: Final[Mapping[str, Cells]] = {
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
}
_NAMED_ID: Final = re.compile(r"(?:^|[^A-Za-z])(?i:id|key|index|uuid|guid)(?:$|[^A-Za-z])|[a-z](?:Id|ID)$")
_SWAPPED: Final = {
    "MM/dd/yyyy": "dd/MM/yyyy",
    "dd/MM/yyyy": "MM/dd/yyyy",
    "MM-dd-yyyy": "dd-MM-yyyy",
    "dd-MM-yyyy": "MM-dd-yyyy",
}


@dataclass(frozen=True)
class _Column:
    profile: ColumnProfile
    spec: Spec

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def stored(self) -> str:
        return self.profile.type.split("(")[0]

    @property
    def cells(self) -> int:
        return self.profile.present

    @property
    def reading(self) -> TextReading:
        return self.profile.reading or TextReading()

    @property
    def decimal(self) -> str:
        return str(self.spec.source.options.get("decimal", "."))

    @property
    def unique(self) -> bool:
        """No value comes twice; where the count is an estimate it may be 3 standard errors (9 %) off."""
        different, levels = self.profile.distinct, self.profile.levels
        exact = different < 1000 or (levels is not None and levels.complete)
        return self.cells >= _FEW and different >= (self.cells if exact else 0.91 * self.cells)


def detect(raw: Profile, spec: Spec) -> tuple[ColumnType, ...]:
    """How each column's cells are read and what the column is good for, each with its reason, in the table's order.

    A declared type (`columns.numeric`, `categorical`, `date`, `text`, `order`) goes before what the cells look like;
    otherwise at least 95 % of the cells must read as a number or a date, and all as a boolean.

    Raises:
        DataError: a declared column is not there, or more than half of its cells do not read as declared.
    """
    declared = dict(_declared(spec))
    for name, kind in declared.items():
        if name not in raw.columns:
            cause = f"`columns` declares '{name}' as {kind}, and the table has no such column."
            raise DataError(cause, did_you_mean(name, raw.columns))
    return tuple(_decide(_Column(column, spec), declared.get(name)) for name, column in raw.columns.items())


def _declared(spec: Spec) -> Iterator[tuple[str, Kind]]:
    columns = spec.columns
    lists: Mapping[Kind, tuple[str, ...]] = {
        "number": columns.numeric,
        "category": (*columns.categorical, *columns.order),
        "date": columns.date,
        "text": columns.text,
    }
    for kind, names in lists.items():
        for name in names:
            yield name, kind


def _decide(column: _Column, declared: Kind | None) -> ColumnType:
    if column.stored not in (*_NUMERIC, "string", "boolean", "date", "timestamp", "timestamp_ntz", "void"):
        return ColumnType(column.name, "text", "unsupported", f"stored as {column.profile.type}, which no step can use")
    if declared == "number":
        return _declared_number(column)
    if declared == "date":
        return _declared_date(column)
    if declared is not None:
        return ColumnType(column.name, "text", declared, f"declared {declared}")
    found = _from_text(column) if column.stored in ("string", "void") else _from_stored(column)
    return found if column.name == column.spec.target else _narrowed(column, found)


def _declared_number(column: _Column) -> ColumnType:
    read = column.reading.number if column.stored == "string" else column.cells
    if column.stored in ("date", "timestamp", "timestamp_ntz"):
        read = 0
    reason = _of_declared(column, "number", "no number", read)
    whole = column.stored in _INTEGERS or (column.stored == "string" and 0 < read == column.reading.whole)
    return ColumnType(column.name, "number", "number", reason, integral=whole, decimal=column.decimal)


def _declared_date(column: _Column) -> ColumnType:
    if column.stored in ("date", "timestamp", "timestamp_ntz"):
        return _from_stored(column)
    form, fits = _best_format(column, ["yyyyMMdd"])
    if _ambiguous(column, form):
        other = _SWAPPED[form[:10]] + form[10:]
        cause = f"'{column.name}' is declared a date, and every cell fits {form} as well as {other}."
        raise DataError(cause, "Say which it is in `source.options.dateFormat`.")
    reason = _of_declared(column, "date", "no date in a known pattern", fits)
    cells = _date_cells(form)
    return ColumnType(column.name, cells, cells, f"{reason}, written as {form}", formats=_extra(form))


def _of_declared(column: _Column, kind: str, what: str, read: int) -> str:
    lost = column.cells - read
    share = lost / column.cells if column.cells else 0.0
    if not lost:
        return f"declared {kind}"
    counted = f"{lost:,} of {column.cells:,} cells ({share:.1%}) are {what}"
    if share > REFUSED:
        advice = f"Take it out of `columns`, or mend the cells; up to {REFUSED:.0%} may be left out."
        raise DataError(f"'{column.name}' is declared {kind}, but {counted}.", advice)
    return f"declared {kind}; {counted} and become null" + (", more than 5 %: a warning" if share > WARNED else "")


def _from_stored(column: _Column) -> ColumnType:
    cells: Cells = _STORED.get(column.stored, "number")
    whole = column.stored in _INTEGERS or bool(re.fullmatch(r"decimal\((?:\d|1[0-5]),0\)", column.profile.type))
    return ColumnType(column.name, cells, cells, f"stored as {column.profile.type}", integral=whole and _exact(column))


def _exact(column: _Column) -> bool:
    numbers = column.profile.numbers
    return numbers is None or numbers.count == 0 or max(abs(numbers.low), abs(numbers.high)) <= 2**53


def _from_text(column: _Column) -> ColumnType:
    reading, name = column.reading, column.name
    if not column.cells:
        return ColumnType(name, "text", "constant", "no cell holds a value")
    if reading.boolean == column.cells > reading.number:  # also where most are 1 and 0
        return ColumnType(name, "boolean", "boolean", f"all {column.cells:,} cells are true or false")
    whole = reading.number > 0 and reading.whole == reading.number
    if reading.number >= READS * column.cells:
        if whole and reading.leading_zeros > CODES * column.cells:
            reason = f"{reading.leading_zeros:,} of {column.cells:,} cells are digits with a leading zero: codes"
            return ColumnType(name, "text", "category", reason)
        reason = _counted(column, reading.number, "number" if not whole else "whole number")
        return ColumnType(name, "number", "number", reason, integral=whole, decimal=column.decimal)
    return _date(column) or ColumnType(name, "text", "category", _text_reason(column))


def _counted(column: _Column, read: int, what: str) -> str:
    if read == column.cells:
        return f"all {column.cells:,} cells are {what}s"
    lost = column.cells - read
    return f"{lost:,} of {column.cells:,} cells are no {what.removeprefix('whole ')} and become null"


def _text_reason(column: _Column) -> str:
    different = f"{column.profile.distinct:,.0f} different values in {column.cells:,} cells"
    number = column.reading.number
    return f"{different}; only {number:,} of them are numbers" if number > 0.5 * column.cells else different


def _date(column: _Column) -> ColumnType | None:
    form, fits = _best_format(column)
    if fits < READS * column.cells:
        return None
    if _ambiguous(column, form):
        other = _SWAPPED[form[:10]] + form[10:]
        reason = f"every cell fits {form} as well as {other}: say which in `source.options.dateFormat`"
        return ColumnType(column.name, "text", "text", reason)
    reason = f"{_counted(column, fits, 'date')}, written as {form}"
    return ColumnType(column.name, _date_cells(form), _date_cells(form), reason, formats=_extra(form))


def _best_format(column: _Column, extra: list[str] | None = None) -> tuple[str, int]:
    """The pattern that most cells fit; one the user named goes first."""
    found = dict(column.reading.formats)
    named = named_formats(column.spec)
    counts = {form: n for form, n in found.items() if form != "yyyyMMdd" or extra or form in named}
    if ISO_TIMESTAMP in counts:
        counts[ISO_TIMESTAMP] += counts.pop(ISO_DATE, 0)
    return max(counts.items(), key=lambda item: (item[0] in named, item[1]), default=(ISO_DATE, 0))


def named_formats(spec: Spec) -> tuple[str, ...]:
    """The datetime patterns that the source's options name: the profile of the raw table has to look for them."""
    options = spec.source.options
    return tuple(str(options[key]) for key in ("dateFormat", "timestampFormat") if key in options)


def _ambiguous(column: _Column, form: str) -> bool:
    if form[:10] not in _SWAPPED or form in named_formats(column.spec):
        return False
    found = column.reading.formats
    return found.get(form, 0) == found.get(_SWAPPED[form[:10]] + form[10:], 0)


def _date_cells(form: str) -> Cells:
    return "timestamp" if form == ISO_TIMESTAMP or pattern(form).timed else "date"


def _extra(form: str) -> tuple[str, ...]:
    return () if form in (ISO_DATE, ISO_TIMESTAMP) else (form,)


def _narrowed(column: _Column, found: ColumnType) -> ColumnType:
    """The same cells, as what they are good for: a constant, an identifier, too many levels."""
    kind, reason = _usefulness(column, found)
    return ColumnType(found.name, found.cells, kind, reason, found.integral, found.formats, found.decimal)


def _usefulness(column: _Column, found: ColumnType) -> tuple[Kind, str]:
    different = column.profile.distinct
    if not column.cells:
        return "constant", "no cell holds a value"
    if different <= 1 and (not column.profile.missing or found.cells != "text"):
        return "constant", f"all {column.cells:,} cells hold one value"
    if found.kind == "number" and found.integral and column.unique and _runs(column):
        return "identifier", f"all {column.cells:,} whole numbers differ{_why_id(column)}"
    if found.kind == "category":
        return _levels(column, found)
    return found.kind, found.reason


def _runs(column: _Column) -> bool:
    low, high = _extremes(column)
    return bool(_NAMED_ID.search(column.name)) or high - low < 2 * column.cells


def _why_id(column: _Column) -> str:
    low, high = _extremes(column)
    running = high - low < 2 * column.cells
    return f" and run from {low:,.0f} to {high:,.0f}" if running else ", and the name says identifier"


def _extremes(column: _Column) -> tuple[float, float]:
    numbers = column.profile.numbers
    if numbers is not None and numbers.count:
        return float(numbers.low), float(numbers.high)
    return column.reading.lowest or 0.0, column.reading.highest or 0.0


def _levels(column: _Column, found: ColumnType) -> tuple[Kind, str]:
    different, limit = column.profile.distinct, column.spec.features.max_categories
    if column.unique and column.reading.longest <= 64:
        return "identifier", f"all {column.cells:,} values differ"
    if different > max(limit, 0.5 * column.cells):
        return "text", f"{_text_reason(column)}: too many levels to learn from"
    if column.reading.longest > 1000 and different > limit:
        return "text", f"long free text, up to {column.reading.longest:,} characters"
    return "category", found.reason

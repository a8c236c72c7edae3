"""What each column is, decided from the profile of the whole table and never from its relation to the target."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from spark_jobs.bundle.patterns import ISO_DATE, ISO_TIMESTAMP, pattern
from spark_jobs.data.types import Cells, ColumnType, Kind
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.profile.declared import declared_kinds
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
    code: bool = False

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


def detect(raw: Profile, spec: Spec, codes: Collection[str] = ()) -> tuple[ColumnType, ...]:
    """How each column's cells are read and what the column is good for, each with its reason, in the table's order.

    A declared type (`columns.numeric`, `categorical`, `date`, `text`, `order`) goes before what the cells look like;
    otherwise at least 95 % of the cells must read as a number or a date, and all as a boolean. `codes` stay text.

    Raises:
        DataError: a declared column is not there, or more than half of its cells do not read as declared.
    """
    declared = dict(declared_kinds(spec))
    for name, kind in declared.items():
        if name not in raw.columns:
            cause = f"`columns` declares '{name}' as {kind}, and the table has no such column."
            raise DataError(cause, did_you_mean(name, raw.columns))
    return tuple(
        _decide(_Column(column, spec, name in codes), declared.get(name)) for name, column in raw.columns.items()
    )


def _decide(column: _Column, declared: Kind | None) -> ColumnType:
    if column.stored not in (*_NUMERIC, "string", "boolean", "date", "timestamp", "timestamp_ntz", "void"):
        if declared not in (None, "text"):
            cause = f"'{column.name}' is declared {declared}, but it is stored as {column.profile.type}."
            raise DataError(cause, "No step can use that type: take it out of `columns`, or change it in the data.")
        return ColumnType(column.name, "text", "unsupported", f"stored as {column.profile.type}, which no step can use")
    if declared == "number":
        return _declared_number(column)
    if declared == "date":
        return _declared_date(column)
    if declared is not None:
        return ColumnType(column.name, "text", declared, f"declared {declared}")
    if column.code:
        found = ColumnType(column.name, "text", "category", "folder names that a number would not write again: codes")
    else:
        found = _from_text(column) if column.stored in ("string", "void") else _from_stored(column)
    return found if column.name == column.spec.target else _narrowed(column, found)


def _declared_number(column: _Column) -> ColumnType:
    read = column.reading.number if column.stored == "string" else column.cells
    if column.stored in ("date", "timestamp", "timestamp_ntz"):
        read = 0
    reason = _of_declared(column, "number", "no number", read)
    if column.stored != "string":
        return replace(_from_stored(column), cells="number", kind="number", reason=reason)
    whole, scale = _exactness(column)
    return ColumnType(column.name, "number", "number", reason, integral=whole, decimal=column.decimal, scale=scale)


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
    found = ColumnType(column.name, cells, cells, f"stored as {column.profile.type}", column.stored in _INTEGERS)
    precision = re.fullmatch(r"decimal\((\d+),(\d+)\)", column.profile.type)
    if precision is None:
        return found
    digits, scale = map(int, precision.groups())
    if not scale and digits <= 18:
        return replace(found, integral=True)
    return replace(found, scale=scale) if digits > 15 else found


def _exactness(column: _Column) -> tuple[bool, int | None]:
    """Whether BIGINT holds all numbers of a text column; else the scale of the decimal type for more than doubles."""
    reading = column.reading
    if 0 < reading.number == reading.whole:
        return True, None
    fits = reading.digits + reading.fraction <= 38
    return False, reading.fraction if not reading.held and fits else None


def _from_text(column: _Column) -> ColumnType:
    reading, name = column.reading, column.name
    if not column.cells:
        return ColumnType(name, "text", "constant", "no cell holds a value")
    if reading.boolean == column.cells > reading.number:  # also where most are 1 and 0
        return ColumnType(name, "boolean", "boolean", f"all {column.cells:,} cells are true or false")
    if reading.number >= READS * column.cells:
        if reading.digits > 38 and not reading.fraction:
            return ColumnType(name, "text", "category", f"whole numbers of up to {reading.digits} digits, kept as text")
        integral, scale = _exactness(column)
        whole = integral or scale == 0
        if whole and reading.leading_zeros > CODES * column.cells:
            reason = f"{reading.leading_zeros:,} of {column.cells:,} cells are digits with a leading zero: codes"
            return ColumnType(name, "text", "category", reason)
        reason = _counted(column, reading.number, "number" if not whole else "whole number")
        return ColumnType(name, "number", "number", reason, integral=integral, decimal=column.decimal, scale=scale)
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
    return replace(found, kind=kind, reason=reason)


def _usefulness(column: _Column, found: ColumnType) -> tuple[Kind, str]:
    different = column.profile.distinct
    if not column.cells:
        return "constant", "no cell holds a value"
    if different <= 1 and (not column.profile.missing or found.cells != "text"):
        return "constant", f"all {column.cells:,} cells hold one value"
    whole = found.integral or found.scale == 0
    if found.kind == "number" and whole and column.unique and (_runs(column) or is_beyond_double(column.profile)):
        return "identifier", f"all {column.cells:,} whole numbers differ{_why_id(column)}"
    if found.kind == "category":
        return _levels(column, found)
    return found.kind, found.reason


def _runs(column: _Column) -> bool:
    low, high = _extremes(column.profile)
    return bool(_NAMED_ID.search(column.name)) or high - low < 2 * column.cells


def is_beyond_double(column: ColumnProfile) -> bool:
    """Whether a column has numbers beyond ±2**53, of which a double does not hold each."""
    return max(map(abs, _extremes(column))) > 2**53


def _why_id(column: _Column) -> str:
    low, high = _extremes(column.profile)
    running = high - low < 2 * column.cells
    if is_beyond_double(column.profile) and not running:
        return f", up to {high:,.0f}"
    return f" and run from {low:,.0f} to {high:,.0f}" if running else ", and the name says identifier"


def _extremes(column: ColumnProfile) -> tuple[float, float]:
    numbers, reading = column.numbers, column.reading
    if numbers is not None and numbers.count:
        return float(numbers.low), float(numbers.high)
    return (reading.lowest or 0.0, reading.highest or 0.0) if reading is not None else (0.0, 0.0)


def _levels(column: _Column, found: ColumnType) -> tuple[Kind, str]:
    different, limit = column.profile.distinct, column.spec.features.max_categories
    if column.unique and column.reading.longest <= 64:
        return "identifier", f"all {column.cells:,} values differ"
    if different > max(limit, 0.5 * column.cells):
        return "text", f"{_text_reason(column)}: too many levels to learn from"
    if column.reading.longest > 1000 and different > limit:
        return "text", f"long free text, up to {column.reading.longest:,} characters"
    return "category", found.reason

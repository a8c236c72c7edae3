"""What each column is, decided from the profile of the whole table and never from its relation to the target."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Final

from spark_jobs.columns.types import Cells, ColumnType, Kind
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.profile.amounts import READS, Amounts, amounts, others, several_ways
from spark_jobs.profile.day_patterns import best_format, date_cells, extra, looks_like, other_way
from spark_jobs.profile.declared import are_numbers, declared_kinds
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.type_counts import TypeCounts
from spark_jobs.spec.models import Spec

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
_SIGNS: Final = "Say which sign is which in `source.options.decimal` or `source.options.thousands`."
_NAMED_ID: Final = re.compile(r"(?:^|[^A-Za-z])(?i:id|key|index|uuid|guid)(?:$|[^A-Za-z])|[a-z](?:Id|ID)$")


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
    def reading(self) -> TypeCounts:
        return self.profile.reading or TypeCounts()

    @cached_property
    def amounts(self) -> Amounts:
        return amounts(self.profile, self.spec.source.options)

    @property
    def named(self) -> tuple[str, ...]:
        return named_formats(self.spec)

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
    if declared.get(spec.target) == "category" and are_numbers(raw[spec.target]):
        del declared[spec.target]
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
    numbers = column.amounts
    read = numbers.read if column.stored == "string" else column.cells
    if numbers.against:
        raise DataError(f"'{column.name}' is declared a number: {numbers.against.partition(': ')[0]}.", _SIGNS)
    if column.stored in ("date", "timestamp", "timestamp_ntz"):
        read = 0
    reason = _of_declared(column, "number", "no number", read) + numbers.told
    if column.stored != "string":
        return replace(_from_stored(column), cells="number", kind="number", reason=reason)
    whole, scale = _exactness(column)
    numerals = asdict(numbers.numerals)
    return ColumnType(column.name, "number", "number", reason, integral=whole, scale=scale, **numerals)


def _declared_date(column: _Column) -> ColumnType:
    if column.stored in ("date", "timestamp", "timestamp_ntz"):
        return _from_stored(column)
    form, fits = best_format(column.reading.formats, column.named, digits=True)
    if other := other_way(form, column.reading.formats, column.named):
        cause = f"'{column.name}' is declared a date, and every cell fits {form} as well as {other}."
        raise DataError(cause, "Say which it is in `source.options.dateFormat`.")
    reason = _of_declared(column, "date", "no date in a known pattern", fits)
    cells = date_cells(form)
    return ColumnType(column.name, cells, cells, f"{reason}, written as {form}", formats=extra(form))


def _of_declared(column: _Column, kind: str, what: str, read: int) -> str:
    lost = column.cells - read
    share = lost / column.cells if column.cells else 0.0
    if not lost:
        return f"declared {kind}"
    counted = f"{lost:,} of {column.cells:,} cells ({share:.1%}) are {what}"
    if share > REFUSED:
        advice = f"Take it out of `columns`, or fix the cells; up to {REFUSED:.0%} may be left out."
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
    if column.amounts.told:
        return False, None
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
    numbers = column.amounts
    if numbers.against:
        return ColumnType(name, "text", "text", numbers.against)
    if numbers.read >= READS * column.cells:
        if reading.digits > 38 and not reading.fraction:
            return ColumnType(name, "text", "category", f"whole numbers of up to {reading.digits} digits, kept as text")
        integral, scale = _exactness(column)
        whole = integral or scale == 0
        if whole and reading.leading_zeros > CODES * column.cells:
            reason = f"{reading.leading_zeros:,} of {column.cells:,} cells are digits with a leading zero: codes"
            return ColumnType(name, "text", "category", reason)
        reason = _counted(column, numbers.read, "number" if not whole else "whole number") + numbers.told
        reason += _and(others(column.profile, numbers.numerals)) if numbers.read < column.cells else ""
        numerals = asdict(numbers.numerals)
        return ColumnType(name, "number", "number", reason, integral=integral, scale=scale, **numerals)
    return _date(column) or ColumnType(name, "text", "category", _text_reason(column))


def _counted(column: _Column, read: int, what: str) -> str:
    if read == column.cells:
        return f"all {column.cells:,} cells are {what}s"
    lost = column.cells - read
    return f"{lost:,} of {column.cells:,} cells are no {what.removeprefix('whole ')} and become null"


def _text_reason(column: _Column) -> str:
    different = f"{column.profile.distinct:,.0f} different values in {column.cells:,} cells" + _hint(column)
    number = column.amounts.read
    if number <= 0.5 * column.cells:
        return different
    rest = _and(others(column.profile, column.amounts.numerals))
    return f"{different}; only {number:,} of them are numbers{rest and f', the others {rest[2:]}'}"


def _hint(column: _Column) -> str:
    """What the cells look like that are no level to learn from."""
    found = looks_like(column.profile) or several_ways(column.profile)
    return found and f": {found}"


def _and(more: str) -> str:
    return more and f", {more}"


def _date(column: _Column) -> ColumnType | None:
    form, fits = best_format(column.reading.formats, column.named)
    if fits < READS * column.cells:
        return None
    if other := other_way(form, column.reading.formats, column.named):
        reason = f"every cell fits {form} as well as {other}: say which in `source.options.dateFormat`"
        return ColumnType(column.name, "text", "text", reason)
    reason = f"{_counted(column, fits, 'date')}, written as {form}"
    return ColumnType(column.name, date_cells(form), date_cells(form), reason, formats=extra(form))


def named_formats(spec: Spec) -> tuple[str, ...]:
    """The datetime patterns that the source's options name: the profile of the raw table has to look for them."""
    options = spec.source.options
    return tuple(str(options[key]) for key in ("dateFormat", "timestampFormat") if key in options)


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
    if column.stored == "string" and not column.amounts.numerals.plain:
        return False  # nobody writes a key with signs between thousands or a currency
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
        return "identifier", f"all {column.cells:,} values differ{_hint(column)}"
    if different > max(limit, 0.5 * column.cells):
        return "text", f"{_text_reason(column)}: too many levels to learn from"
    if column.reading.longest > 1000 and different > limit:
        return "text", f"long free text, up to {column.reading.longest:,} characters"
    return "category", found.reason

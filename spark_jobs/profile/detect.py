"""Type detection: the type and use of each column, from the profile of the whole table and never from the target."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Final

from spark_jobs.columns.cells import STORED_CELLS
from spark_jobs.columns.types import Cells, ColumnType, Kind
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.formatting import format_percent
from spark_jobs.profile.amounts import READS, Amounts, amounts, others, several_ways
from spark_jobs.profile.day_patterns import best_format, date_cells, extra, looks_like, other_way
from spark_jobs.profile.declared import are_numbers, declared_kinds
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.type_counts import TypeCounts
from spark_jobs.spec.models import Spec

WARNED: Final = 0.05  # share of a declared column's cells that do not parse, above which to warn
REFUSED: Final = 0.50
CODES: Final = 0.001  # share of whole numbers with a leading zero, above which the column holds codes
_FEW: Final = 20  # rows below which distinct values do not show an identifier
_INTEGERS: Final = ("tinyint", "smallint", "int", "bigint")
_SIGNS: Final = "Set `source.options.decimal` or `source.options.thousands`."
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
    def type_counts(self) -> TypeCounts:
        return self.profile.type_counts or TypeCounts()

    @cached_property
    def amounts(self) -> Amounts:
        return amounts(self.profile, self.spec.source.options)

    @property
    def named(self) -> tuple[str, ...]:
        return named_formats(self.spec)

    @property
    def unique(self) -> bool:
        """Return whether all values are distinct; an estimated count may be off by 3 standard errors (9 %)."""
        different, levels = self.profile.distinct, self.profile.levels
        exact = different < 1000 or (levels is not None and levels.complete)
        return self.cells >= _FEW and different >= (self.cells if exact else 0.91 * self.cells)


def detect(raw: Profile, spec: Spec, codes: Collection[str] = ()) -> tuple[ColumnType, ...]:
    """Return the type and use of each column with the reason, in the table's order; the columns `codes` stay text.

    A declared kind (`columns.numeric`, `categorical`, `date`, `text`, `order`) takes precedence over detection.
    Detection needs at least 95 % of the cells to parse as a number or a date, and all of them as a boolean.

    Raises:
        DataError: a declared column does not exist, or more than half of its cells do not parse as declared.
    """
    declared = dict(declared_kinds(spec))
    for name, kind in declared.items():
        if name not in raw.columns:
            cause = f"`columns` declares '{name}' as {kind}, but the table has no such column."
            raise DataError(cause, did_you_mean(name, raw.columns))
    if declared.get(spec.target) == "category" and are_numbers(raw[spec.target]):
        del declared[spec.target]
    return tuple(
        _decide(_Column(column, spec, name in codes), declared.get(name)) for name, column in raw.columns.items()
    )


def _decide(column: _Column, declared: Kind | None) -> ColumnType:
    if column.stored not in (*STORED_CELLS, "string", "void"):
        if declared not in (None, "text"):
            cause = f"'{column.name}' is declared {declared}, but it is stored as {column.profile.type}."
            raise DataError(cause, "No step can use that type: remove it from `columns`, or change it in the data.")
        return ColumnType(column.name, "text", "unsupported", f"stored as {column.profile.type}, which no step can use")
    if declared == "number":
        return _declared_number(column)
    if declared == "date":
        return _declared_date(column)
    if declared is not None:
        return ColumnType(column.name, "text", declared, f"declared {declared}")
    if column.code:
        found = ColumnType(column.name, "text", "category", "folder names that change when read as numbers: codes")
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
    reason = _of_declared(column, "number", "not numbers", read) + numbers.told
    if column.stored != "string":
        return replace(_from_stored(column), cells="number", kind="number", reason=reason)
    whole, scale = _exactness(column)
    numerals = asdict(numbers.numerals)
    return ColumnType(column.name, "number", "number", reason, integral=whole, scale=scale, **numerals)


def _declared_date(column: _Column) -> ColumnType:
    if column.stored in ("date", "timestamp", "timestamp_ntz"):
        return _from_stored(column)
    form, fits = best_format(column.type_counts.formats, column.named, digits=True)
    if other := other_way(form, column.type_counts.formats, column.named):
        cause = f"'{column.name}' is declared a date, but every cell fits {form} as well as {other}."
        raise DataError(cause, "Set the pattern in `source.options.dateFormat`.")
    reason = _of_declared(column, "date", "not dates in a known pattern", fits)
    cells = date_cells(form)
    return ColumnType(column.name, cells, cells, f"{reason}, written as {form}", formats=extra(form))


def _of_declared(column: _Column, kind: str, what: str, read: int) -> str:
    lost = column.cells - read
    share = lost / column.cells if column.cells else 0.0
    if not lost:
        return f"declared {kind}"
    counted = f"{lost:,} of {column.cells:,} cells ({format_percent(share)}) are {what}"
    if share > REFUSED:
        advice = f"Remove it from `columns`, or fix the cells; up to {REFUSED:.0%} may fail to parse."
        raise DataError(f"'{column.name}' is declared {kind}, but {counted}.", advice)
    limit = ", above the warning limit of 5 %" if share > WARNED else ""
    return f"declared {kind}; {counted} and become null{limit}"


def _from_stored(column: _Column) -> ColumnType:
    cells: Cells = STORED_CELLS.get(column.stored, "number")
    found = ColumnType(column.name, cells, cells, f"stored as {column.profile.type}", column.stored in _INTEGERS)
    precision = re.fullmatch(r"decimal\((\d+),(\d+)\)", column.profile.type)
    if precision is None:
        return found
    digits, scale = map(int, precision.groups())
    if not scale and digits <= 18:
        return replace(found, integral=True)
    return replace(found, scale=scale) if digits > 15 else found


def _exactness(column: _Column) -> tuple[bool, int | None]:
    """Return whether BIGINT holds all numbers of a text column; else the decimal scale if doubles do not."""
    reading = column.type_counts
    if column.amounts.told:
        return False, None
    if 0 < reading.number == reading.whole:
        return True, None
    fits = reading.digits + reading.fraction <= 38
    return False, reading.fraction if not reading.held and fits else None


def _from_text(column: _Column) -> ColumnType:
    reading, name = column.type_counts, column.name
    if not column.cells:
        return ColumnType(name, "text", "constant", "no cell holds a value")
    if reading.boolean == column.cells > reading.number:  # booleans may be mostly 1 and 0
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
    return f"{lost:,} of {column.cells:,} cells do not parse as {what.removeprefix('whole ')}s and become null"


def _text_reason(column: _Column) -> str:
    different = f"{column.profile.distinct:,.0f} different values in {column.cells:,} cells" + _hint(column)
    number = column.amounts.read
    if number <= 0.5 * column.cells:
        return different
    rest = _and(others(column.profile, column.amounts.numerals))
    return f"{different}; only {number:,} of them are numbers{rest and f', the others {rest[2:]}'}"


def _hint(column: _Column) -> str:
    """Return what the cells resemble, as a reason why they are not categories, or an empty text."""
    found = looks_like(column.profile) or several_ways(column.profile)
    return found and f": {found}"


def _and(more: str) -> str:
    return more and f", {more}"


def _date(column: _Column) -> ColumnType | None:
    form, fits = best_format(column.type_counts.formats, column.named)
    if fits < READS * column.cells:
        return None
    if other := other_way(form, column.type_counts.formats, column.named):
        reason = f"every cell fits {form} as well as {other}: set one in `source.options.dateFormat`"
        return ColumnType(column.name, "text", "text", reason)
    reason = f"{_counted(column, fits, 'date')}, written as {form}"
    return ColumnType(column.name, date_cells(form), date_cells(form), reason, formats=extra(form))


def named_formats(spec: Spec) -> tuple[str, ...]:
    """Return the datetime patterns of the source's options, which the profile of the raw table must try."""
    options = spec.source.options
    return tuple(str(options[key]) for key in ("dateFormat", "timestampFormat") if key in options)


def _narrowed(column: _Column, found: ColumnType) -> ColumnType:
    """Return the type with its use: for instance a constant, an identifier or free text."""
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
        return False  # keys are not written with thousands separators or a currency
    return bool(_NAMED_ID.search(column.name)) or high - low < 2 * column.cells


def is_beyond_double(column: ColumnProfile) -> bool:
    """Return whether a column has numbers beyond ±2**53, where a double does not hold every whole number."""
    return max(map(abs, _extremes(column))) > 2**53


def _why_id(column: _Column) -> str:
    low, high = _extremes(column.profile)
    running = high - low < 2 * column.cells
    if is_beyond_double(column.profile) and not running:
        return f", up to {high:,.0f}"
    return f" and run from {low:,.0f} to {high:,.0f}" if running else ", and the name looks like an identifier"


def _extremes(column: ColumnProfile) -> tuple[float, float]:
    numbers, reading = column.numbers, column.type_counts
    if numbers is not None and numbers.count:
        return float(numbers.min), float(numbers.max)
    return (reading.lowest or 0.0, reading.highest or 0.0) if reading is not None else (0.0, 0.0)


def _levels(column: _Column, found: ColumnType) -> tuple[Kind, str]:
    different, limit = column.profile.distinct, column.spec.features.max_categories
    if column.unique and column.type_counts.longest <= 64:
        return "identifier", f"all {column.cells:,} values differ{_hint(column)}"
    if different > max(limit, 0.5 * column.cells):
        return "text", f"{_text_reason(column)}: too many categories to learn from"
    if column.type_counts.longest > 1000 and different > limit:
        return "text", f"long free text, up to {column.type_counts.longest:,} characters"
    return "category", found.reason

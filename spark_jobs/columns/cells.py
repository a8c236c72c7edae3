"""Spark SQL that converts a cell to its value, defined once, over a quoted column name.

The same SQL works for strings and stored types, on classic Spark and Connect, and in every session time zone.
`accepts` says which stored types it can read. Cast any other type to string first; it then reads as null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spark_jobs.bundle.numerals import NEGATIVE, PLAIN, Numerals
from spark_jobs.bundle.patterns import (
    BLANKS,
    ISO_DATE,
    ISO_TIMESTAMP,
    MONTHS,
    NO_SECONDS,
    OFFSET_AT_END,
    Part,
    Pattern,
    number_regex,
    pattern,
    plain_regex,
    strict,
)
from spark_jobs.columns.types import Cells, ColumnType

STORED_NUMBERS: Final = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
STORED_CELLS: Final[Mapping[str, Cells]] = {
    **dict.fromkeys(STORED_NUMBERS, "number"),
    **{"boolean": "boolean", "date": "date", "timestamp": "timestamp", "timestamp_ntz": "timestamp"},
}
_NUMERIC: Final = (*STORED_NUMBERS, "boolean", "void")
_DATED: Final = ("date", "timestamp", "timestamp_ntz", "void")
_EPOCH: Final = "TIMESTAMP_NTZ'1970-01-01 00:00:00'"


class Trimmed(str):
    """A column or text whose cells have no surrounding blanks, so that it is not trimmed again."""


def accepts(cells: Cells, stored: str) -> bool:
    """Return whether the SQL for `cells` can read a column of that stored type (Spark's simpleString)."""
    kind = stored.split("(")[0]
    if cells in ("text", "boolean"):
        return True
    return kind == "string" or kind in (_NUMERIC if cells == "number" else _DATED)


def value_sql(name: str, column: ColumnType, zone: str) -> str:
    """Return the SQL of a cell's value: DOUBLE for numbers and booleans (0/1), DATE, TIMESTAMP, or trimmed STRING."""
    if column.cells == "number":
        return number_sql(name, column)
    if column.cells == "boolean":
        return boolean_sql(name)
    if column.cells == "date":
        return date_sql(name, column, zone)
    return timestamp_sql(name, column, zone) if column.cells == "timestamp" else text_sql(name)


def number_sql(name: str, column: ColumnType) -> str:
    """Return the SQL of a cell as a finite DOUBLE, or null. Text must match `patterns.number_regex`.

    A number without an exponent cannot overflow a double, so only the others are cast to check it.
    """
    read = (
        _plain_number(_text(name), column.decimal) if column.numerals.plain else _numeral(_text(name), column.numerals)
    )
    stored = f"try_cast({name} AS DOUBLE)"
    finite = f"CASE WHEN abs({stored}) < double('Infinity') THEN {stored} END"
    return f"CASE WHEN typeof({name}) = 'string' THEN {read} ELSE {finite} END"


def _plain_number(text: str, sign: str) -> str:
    pointed = text if sign == "." else f"replace({text}, {_string(sign)}, '.')"
    read = f"try_cast({pointed} AS DOUBLE)"
    plain = f"WHEN {text} RLIKE {_regex(plain_regex(sign))} THEN {read}"
    other = f"WHEN {text} RLIKE {_regex(number_regex(sign))} AND abs({read}) < double('Infinity') THEN {read}"
    return f"CASE {plain} {other} END"


def _numeral(text: str, numerals: Numerals) -> str:
    """Return the SQL of a number in a human format: its digits without separators and affixes, and its sign."""
    whole = _regex(numerals.regex())
    kept = _string(numerals.decimal + numerals.groups)
    read = f"try_cast(translate(regexp_replace({text}, {whole}, '$1$2'), {kept}, '.') AS DOUBLE)"
    signed = f"CASE WHEN {text} RLIKE {_regex(NEGATIVE)} THEN -{read} ELSE {read} END"
    return f"CASE WHEN {text} RLIKE {whole} AND abs({read}) < double('Infinity') THEN {signed} END"


def stored_number_sql(name: str, stored: str) -> str:
    """Return the SQL of a cell that is stored as a number, unchanged; null if it is not finite."""
    return f"CASE WHEN abs({name}) < double('Infinity') THEN {name} END" if stored in ("float", "double") else name


def is_number_sql(text: str) -> str:
    """Return the SQL condition that a text is written as a number."""
    return f"{text} RLIKE {_regex(number_regex())}"


def plain_sql(name: str, column: ColumnType, zone: str, digits: bool = False) -> str:
    """Return fast SQL for a text column whose cells are all known to be in Spark's own format of the type.

    These are numbers with a decimal point, ISO dates and ISO timestamps. The value equals that of `value_sql`, without
    the checks. Whole numbers are BIGINT; `digits` means that none of them has a point or an exponent.
    """
    if column.cells == "number":
        number = f"try_cast({name} AS DOUBLE)"
        if column.scale is not None:
            return f"try_cast({_text(name)} AS {_decimal(column)})"
        return _plain_whole(name, number, digits) if column.integral else number
    text = _text(name)
    return f"try_cast({text} AS DATE)" if column.cells == "date" else f"try_cast({_iso(text, zone)} AS TIMESTAMP)"


def whole_sql(name: str, column: ColumnType) -> str:
    """Return the SQL of a cell of whole numbers as BIGINT, or null; `517.0`, which pandas writes next to nulls, is 517.

    Other spellings, such as `5e2`, are read as a double and must be exact in it.
    """
    # `filter` computes and compiles the number once, not once per use.
    held = f"filter(array({number_sql(name, column)}), x -> x = floor(x) AND abs(x) < 9007199254740992D)"
    number = f"try_cast(try_element_at({held}, 1) AS BIGINT)"
    if column.numerals != PLAIN:
        return number
    few = f"{_text(name)} RLIKE {_regex('^[+-]?[0-9]{1,19}(?:[.]0)?$')}"
    digits = f"CASE WHEN typeof({name}) = 'string' THEN {few} ELSE false END"
    return f"CASE WHEN {digits} THEN try_cast({_before_point(_text(name))} AS BIGINT) ELSE {number} END"


def _plain_whole(name: str, number: str, all_digits: bool) -> str:
    """Return the SQL of a number as BIGINT; text with other characters is not cast directly, because that throws."""
    text = _text(name)
    others = " OR ".join(f"contains({text}, '{sign}')" for sign in ".eE")
    digits = f"CASE WHEN endswith({text}, '.0') THEN {_before_point(text)} WHEN NOT ({others}) THEN {text} END"
    return f"coalesce(try_cast({text if all_digits else digits} AS BIGINT), try_cast({number} AS BIGINT))"


def _before_point(text: str) -> str:
    return f"substring_index({text}, '.', 1)"


def decimal_sql(name: str, column: ColumnType) -> str:
    """Return the SQL of a cell as DECIMAL of the column's scale, or null; for numbers that exceed a double."""
    text, sign = _text(name), column.decimal
    pointed = text if sign == "." else f"replace({text}, {_string(sign)}, '.')"
    return f"CASE WHEN {text} RLIKE {_regex(number_regex(sign))} THEN try_cast({pointed} AS {_decimal(column)}) END"


def _decimal(column: ColumnType) -> str:
    return f"DECIMAL(38, {column.scale})"


def boolean_sql(name: str) -> str:
    """Return the SQL of a cell as 1.0 or 0.0: true, false (in any case), 1, 0; else null."""
    text = f"lower({_text(name)})"
    return f"CASE {text} WHEN 'true' THEN 1D WHEN 'false' THEN 0D WHEN '1' THEN 1D WHEN '0' THEN 0D END"


def date_sql(name: str, column: ColumnType, zone: str) -> str:
    """Return the SQL of a cell as DATE.

    Text must be ISO 8601 or in one of the column's formats. A stored timestamp becomes its day in `zone`.
    """
    read = _first([_day(name, pattern(text)) for text in (ISO_DATE, *column.formats) if not pattern(text).timed])
    wall = wall_sql(f"CAST({name} AS TIMESTAMP)", zone)
    return (
        f"CASE typeof({name}) WHEN 'string' THEN {read} WHEN 'timestamp' THEN CAST({wall} AS DATE) "
        f"WHEN 'date' THEN CAST({name} AS DATE) ELSE try_cast(substr(CAST({name} AS STRING), 1, 10) AS DATE) END"
    )


def timestamp_sql(name: str, column: ColumnType, zone: str) -> str:
    """Return the SQL of a cell as TIMESTAMP.

    Text must be ISO 8601 or in one of the column's formats. Without an offset, it is local time in `zone`.
    """
    formats = dict.fromkeys((ISO_TIMESTAMP, ISO_DATE, *column.formats))
    read = _first([_moment(_text(name), pattern(form), zone) for form in formats])
    return f"CASE WHEN typeof({name}) = 'timestamp' THEN CAST({name} AS TIMESTAMP) ELSE {read} END"


def text_sql(name: str) -> str:
    """Return the SQL of a cell as trimmed text."""
    return name if isinstance(name, Trimmed) else trimmed_sql(f"CAST({name} AS STRING)")


def trimmed_sql(text: str) -> str:
    """Return the SQL of a text without surrounding `BLANKS`; slow `btrim` is called only if an end may be blank."""
    visible = f"{text} >= '!' AND {text} < '\\u0080' AND right({text}, 1) BETWEEN '!' AND '~'"
    return f"CASE WHEN {visible} THEN {text} ELSE btrim({text}, {_BLANKS}) END"


def wall_sql(timestamp: str, zone: str) -> str:
    """Return the SQL of a TIMESTAMP's local time in `zone`, as TIMESTAMP_NTZ, in any session time zone."""
    utc = f"timestampadd(MICROSECOND, unix_micros({timestamp}), {_EPOCH})"
    return utc if zone == "UTC" else f"convert_timezone('UTC', {_string(zone)}, {utc})"


def _text(name: str) -> str:
    return name if isinstance(name, Trimmed) else f"btrim(CAST({name} AS STRING), {_BLANKS})"


def _string(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_BLANKS: Final = _string(BLANKS).replace("\0", "\\0").replace("\r", "\\r").replace("\n", "\\n")


def _regex(regex: str) -> str:
    return _string(strict(regex))


def _first(readings: list[str]) -> str:
    return readings[0] if len(readings) == 1 else f"coalesce({', '.join(readings)})"


def _day(name: str, form: Pattern) -> str:
    text = _text(name)
    return f"CASE WHEN {text} RLIKE {_regex(form.regex())} THEN try_cast({_rebuilt(text, form)} AS DATE) END"


def _moment(text: str, form: Pattern, zone: str) -> str:
    there = f"{text} RLIKE {_regex(form.regex())}"
    if form.text == ISO_TIMESTAMP:
        clock = _iso(text, zone)
    else:
        midnight = "" if form.timed else " 00:00:00"
        there_or_zone = f"' ', {_group(text, form, 'offset')}" if "offset" in form.parts else _string(f" {zone}")
        clock = f"concat({_rebuilt(text, form)}, {_string(midnight)}, {there_or_zone})"
    return f"CASE WHEN {there} THEN try_cast({clock} AS TIMESTAMP) END"


def _iso(text: str, zone: str) -> str:
    """Return the SQL of an ISO timestamp with seconds and zone, as Spark requires; most texts already have both."""
    whole = f"length({text}) >= 19 AND endswith({text}, 'Z')"  # shorter if it has no seconds
    full = f"regexp_replace({text}, {_string(NO_SECONDS)}, '$1:00$2')"
    offset = f"{text} RLIKE {_string(OFFSET_AT_END)}"
    fixed = f"concat({full}, CASE WHEN {offset} THEN '' ELSE {_string(' ' + zone)} END)"
    return f"CASE WHEN {whole} THEN {text} ELSE {fixed} END"


def _group(text: str, form: Pattern, part: Part) -> str:
    return f"regexp_replace({text}, {_regex(form.regex())}, '${form.parts.index(part) + 1}')"


def _rebuilt(text: str, form: Pattern) -> str:
    """Return the SQL of a date or timestamp in ISO order; with the time of day only if the pattern has one."""
    number = {part: f"${position + 1}" for position, part in enumerate(form.parts)}
    century = "20" if form.short_year else ""
    regex = _regex(form.regex())
    if form.named_month:
        month = f"CAST(instr('{MONTHS}', lower(left({_group(text, form, 'month')}, 3))) DIV 3 + 1 AS STRING)"
        head = f"concat({_group(text, form, 'year')}, '-', {month}, '-', {_group(text, form, 'day')})"
        head = f"concat('{century}', {head})"
    else:
        head = f"regexp_replace({text}, {regex}, '{century}{number['year']}-{number['month']}-{number['day']}')"
    return f"concat({head}, {_clock(text, form, number)})" if form.timed else head


def _clock(text: str, form: Pattern, number: dict[Part, str]) -> str:
    rest = f":{number.get('minute', '00')}:{number.get('second', '00')}"
    tail = f"regexp_replace({text}, {_regex(form.regex())}, '{rest}')"
    hour = f"CAST({_group(text, form, 'hour')} AS INT)" if "half" in number else _group(text, form, "hour")
    if "half" in number:
        later = f"CASE WHEN upper({_group(text, form, 'half')}) = 'PM' THEN 12 ELSE 0 END"
        hour = f"CAST(({hour}) % 12 + {later} AS STRING)"
    return f"concat(' ', {hour}, {tail})"

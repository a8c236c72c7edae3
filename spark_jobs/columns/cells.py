"""How a cell becomes a value: the one place that says it, as Spark SQL over an already quoted column name.

The same text serves strings and stored types, classic and Connect, and gives the same results under every session time
zone. `accepts` says which stored types a reading can take; cast any other to string first and it reads as null.
"""

from __future__ import annotations

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
_NUMERIC: Final = (*STORED_NUMBERS, "boolean", "void")
_DATED: Final = ("date", "timestamp", "timestamp_ntz", "void")
_EPOCH: Final = "TIMESTAMP_NTZ'1970-01-01 00:00:00'"


class Trimmed(str):
    """A column, or a text, whose cells have no blanks around them: they are not looked for again."""


def accepts(cells: Cells, stored: str) -> bool:
    """Whether SQL for these cells can take a column of that stored type (Spark's simpleString)."""
    kind = stored.split("(")[0]
    if cells in ("text", "boolean"):
        return True
    return kind == "string" or kind in (_NUMERIC if cells == "number" else _DATED)


def value_sql(name: str, column: ColumnType, zone: str) -> str:
    """A cell as its value: DOUBLE for numbers and booleans (0/1), DATE, TIMESTAMP, or trimmed STRING."""
    if column.cells == "number":
        return number_sql(name, column)
    if column.cells == "boolean":
        return boolean_sql(name)
    if column.cells == "date":
        return date_sql(name, column, zone)
    return timestamp_sql(name, column, zone) if column.cells == "timestamp" else text_sql(name)


def number_sql(name: str, column: ColumnType) -> str:
    """A cell as a finite DOUBLE, or null. Text is read by one regular expression (`patterns.number_regex`).

    A number without an exponent cannot be too large for a double, so only the others are cast to be looked at.
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
    """A number as people write it: its digits, without what stands between and beside them, and its sign."""
    whole = _regex(numerals.regex())
    kept = _string(numerals.decimal + numerals.groups)
    read = f"try_cast(translate(regexp_replace({text}, {whole}, '$1$2'), {kept}, '.') AS DOUBLE)"
    signed = f"CASE WHEN {text} RLIKE {_regex(NEGATIVE)} THEN -{read} ELSE {read} END"
    return f"CASE WHEN {text} RLIKE {whole} AND abs({read}) < double('Infinity') THEN {signed} END"


def stored_number_sql(name: str, stored: str) -> str:
    """A cell that is stored as a number as what it is, null where it is not finite."""
    return f"CASE WHEN abs({name}) < double('Infinity') THEN {name} END" if stored in ("float", "double") else name


def is_number_sql(text: str) -> str:
    """Whether a text is written as a number."""
    return f"{text} RLIKE {_regex(number_regex())}"


def plain_sql(name: str, column: ColumnType, zone: str, digits: bool = False) -> str:
    """A cell of a text column all of whose cells are known to read as its type, in the way that Spark itself writes it.

    Numbers with a decimal point, ISO dates, ISO timestamps: the value is that of `value_sql`, nothing is asked again.
    Whole numbers are BIGINT; `digits` says that none of them has a point or an exponent.
    """
    if column.cells == "number":
        number = f"try_cast({name} AS DOUBLE)"
        if column.scale is not None:
            return f"try_cast({_text(name)} AS {_decimal(column)})"
        return _plain_whole(name, number, digits) if column.integral else number
    text = _text(name)
    return f"try_cast({text} AS DATE)" if column.cells == "date" else f"try_cast({_iso(text, zone)} AS TIMESTAMP)"


def whole_sql(name: str, column: ColumnType) -> str:
    """A cell of a column of whole numbers as BIGINT, or null; `517.0`, as pandas writes it beside gaps, is 517.

    In other spellings, `5e2`, only what a double holds counts, as the number is read as one.
    """
    # A function of its own, so that the number is not worked out, and compiled, once for each question.
    held = f"filter(array({number_sql(name, column)}), x -> x = floor(x) AND abs(x) < 9007199254740992D)"
    number = f"try_cast(try_element_at({held}, 1) AS BIGINT)"
    if column.numerals != PLAIN:
        return number
    few = f"{_text(name)} RLIKE {_regex('^[+-]?[0-9]{1,19}(?:[.]0)?$')}"
    digits = f"CASE WHEN typeof({name}) = 'string' THEN {few} ELSE false END"
    return f"CASE WHEN {digits} THEN try_cast({_before_point(_text(name))} AS BIGINT) ELSE {number} END"


def _plain_whole(name: str, number: str, all_digits: bool) -> str:
    """A cell that is a number as BIGINT: a text that is not all digits is not asked for them, as that throws."""
    text = _text(name)
    others = " OR ".join(f"contains({text}, '{sign}')" for sign in ".eE")
    digits = f"CASE WHEN endswith({text}, '.0') THEN {_before_point(text)} WHEN NOT ({others}) THEN {text} END"
    return f"coalesce(try_cast({text if all_digits else digits} AS BIGINT), try_cast({number} AS BIGINT))"


def _before_point(text: str) -> str:
    return f"substring_index({text}, '.', 1)"


def decimal_sql(name: str, column: ColumnType) -> str:
    """A cell of a column of numbers beyond a double as DECIMAL of the column's scale, or null."""
    text, sign = _text(name), column.decimal
    pointed = text if sign == "." else f"replace({text}, {_string(sign)}, '.')"
    return f"CASE WHEN {text} RLIKE {_regex(number_regex(sign))} THEN try_cast({pointed} AS {_decimal(column)}) END"


def _decimal(column: ColumnType) -> str:
    return f"DECIMAL(38, {column.scale})"


def boolean_sql(name: str) -> str:
    """A cell as 1.0 or 0.0: true, false (in any case), 1, 0; else null."""
    text = f"lower({_text(name)})"
    return f"CASE {text} WHEN 'true' THEN 1D WHEN 'false' THEN 0D WHEN '1' THEN 1D WHEN '0' THEN 0D END"


def date_sql(name: str, column: ColumnType, zone: str) -> str:
    """A cell as DATE: ISO 8601 or one of the column's formats; a stored timestamp is its day in that zone."""
    read = _first([_day(name, pattern(text)) for text in (ISO_DATE, *column.formats) if not pattern(text).timed])
    wall = wall_sql(f"CAST({name} AS TIMESTAMP)", zone)
    return (
        f"CASE typeof({name}) WHEN 'string' THEN {read} WHEN 'timestamp' THEN CAST({wall} AS DATE) "
        f"WHEN 'date' THEN CAST({name} AS DATE) ELSE try_cast(substr(CAST({name} AS STRING), 1, 10) AS DATE) END"
    )


def timestamp_sql(name: str, column: ColumnType, zone: str) -> str:
    """A cell as TIMESTAMP: ISO 8601 or one of the column's formats; what names no offset is wall time in that zone."""
    formats = dict.fromkeys((ISO_TIMESTAMP, ISO_DATE, *column.formats))
    read = _first([_moment(_text(name), pattern(form), zone) for form in formats])
    return f"CASE WHEN typeof({name}) = 'timestamp' THEN CAST({name} AS TIMESTAMP) ELSE {read} END"


def text_sql(name: str) -> str:
    """A cell as trimmed text."""
    return name if isinstance(name, Trimmed) else trimmed_sql(f"CAST({name} AS STRING)")


def trimmed_sql(text: str) -> str:
    """A text without the `BLANKS` around it; `btrim` is slow, and asked only where an end may be one of them."""
    visible = f"{text} >= '!' AND {text} < '\\u0080' AND right({text}, 1) BETWEEN '!' AND '~'"
    return f"CASE WHEN {visible} THEN {text} ELSE btrim({text}, {_BLANKS}) END"


def wall_sql(timestamp: str, zone: str) -> str:
    """The wall time of a TIMESTAMP in a zone, as TIMESTAMP_NTZ, whatever the session's own zone."""
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
    """The text of an ISO timestamp with its seconds and its zone, as Spark wants it; most have both."""
    whole = f"length({text}) >= 19 AND endswith({text}, 'Z')"  # one without seconds is shorter
    full = f"regexp_replace({text}, {_string(NO_SECONDS)}, '$1:00$2')"
    offset = f"{text} RLIKE {_string(OFFSET_AT_END)}"
    fixed = f"concat({full}, CASE WHEN {offset} THEN '' ELSE {_string(' ' + zone)} END)"
    return f"CASE WHEN {whole} THEN {text} ELSE {fixed} END"


def _group(text: str, form: Pattern, part: Part) -> str:
    return f"regexp_replace({text}, {_regex(form.regex())}, '${form.parts.index(part) + 1}')"


def _rebuilt(text: str, form: Pattern) -> str:
    """The text of a moment in ISO order; the time of day only where the pattern has one."""
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

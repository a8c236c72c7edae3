"""Regular expressions that define how text is parsed as a number or date, alike in Java, RE2 and Python.

Spark's own parsers are lenient ('0x1p3' is 8, '1D' is 1) and differ from Python's, so every reader of text in this
package uses these expressions. Datetime patterns are Spark's, with these extensions: `MM`, `dd`, `HH` and `hh` accept
one digit, and seconds may have a fraction. Years are 0001 to 9999, or 2000 to 2099 with two digits. Any offset letter
accepts all spellings of a UTC offset: `Z`, `UTC`, `GMT`, `+01`, `+0100`, `+01:00`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from spark_jobs.errors import SpecError

ISO_DATE: Final = "yyyy-MM-dd"
ISO_TIMESTAMP: Final = "ISO 8601"
BLANKS: Final = (
    "".join(
        map(
            chr,
            [*range(0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000],
        )
    )
    + "\ufeff"
)
"""The characters that SQL, Arrow and Python trim from both ends of a text.

These are the blanks of `str.strip`, the control characters that Spark's CSV reader trims, and U+200B, U+2060, U+FEFF.
"""
MONTHS: Final = "janfebmaraprmayjunjulaugsepoctnovdec"
Part = Literal["year", "month", "day", "hour", "minute", "second", "half", "offset"]

_YEAR = "000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3}"
_MONTH = "0?[1-9]|1[0-2]"
_NAME = "|".join("".join(f"[{c.upper()}{c}]" for c in MONTHS[start : start + 3]) for start in range(0, 36, 3))
_MONTH_NAMES = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_FULL_NAME = "|".join(f"[{name[0].upper()}{name[0]}]{name[1:]}|{name.upper()}" for name in _MONTH_NAMES)
_DAY = "0?[1-9]|[12][0-9]|3[01]"
_HOUR = "[01]?[0-9]|2[0-3]"
_HOUR12 = "0?[1-9]|1[0-2]"
_SIXTY = "[0-5][0-9]"
_SECOND = "[0-5][0-9](?:[.][0-9]{1,9})?"
_OFFSET = "Z|UTC|GMT|[+-](?:0[0-9]|1[0-7])(?::?[0-5][0-9])?"

OFFSET_AT_END: Final = f"(?:{_OFFSET})$"
NO_SECONDS: Final = f"^([^:]*:{_SIXTY})( ?(?:{_OFFSET})?)$"
_TOKENS: Final[dict[str, tuple[Part | None, str]]] = {
    "yyyy": ("year", _YEAR),
    "y": ("year", _YEAR),
    "yy": ("year", "[0-9]{2}"),
    "MMMM": ("month", _FULL_NAME),
    "MMM": ("month", _NAME),
    "MM": ("month", _MONTH),
    "M": ("month", _MONTH),
    "dd": ("day", _DAY),
    "d": ("day", _DAY),
    "HH": ("hour", _HOUR),
    "H": ("hour", _HOUR),
    "hh": ("hour", _HOUR12),
    "h": ("hour", _HOUR12),
    "mm": ("minute", _SIXTY),
    "ss": ("second", _SECOND),
    "a": ("half", "[AaPp][Mm]"),
    **dict.fromkeys(("E", "EEE", "EEEE"), (None, "[A-Za-z]{3,9}")),
    **dict.fromkeys(("X", "XX", "XXX", "x", "xx", "xxx", "Z", "ZZZ", "VV", "z"), ("offset", _OFFSET)),
}
_SAFE: Final = re.compile(r"[\w \-/:,.'()+#|]+")
_SCAN: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)


def number_regex(decimal: str = ".") -> str:
    """Return the expression of a decimal number with an optional exponent, without thousands separators."""
    sign = f"[{decimal}]"
    return f"^[+-]?(?:[0-9]+{sign}?[0-9]*|{sign}[0-9]+)(?:[eE][+-]?[0-9]+)?$"


def strict(regex: str) -> str:
    """Convert an expression for Java, whose `$` also matches before a final line terminator."""
    return regex.removesuffix("$") + r"\z"


def plain_regex(decimal: str = ".") -> str:
    """Return the expression of a number without an exponent and with too few digits to overflow a double."""
    sign = f"[{decimal}]"
    return f"^[+-]?(?:[0-9]{{1,300}}(?:{sign}[0-9]*)?|{sign}[0-9]+)$"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A datetime pattern as a regular expression, in pieces of (part or None for literal text, expression)."""

    text: str
    pieces: tuple[tuple[Part | None, str], ...]
    short_year: bool = False
    named_month: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts in the order of their groups, which are numbered from 1."""
        return tuple(part for part, _ in self.pieces if part is not None)

    @property
    def timed(self) -> bool:
        """Whether the pattern has a time of day."""
        return "hour" in self.parts

    def regex(self, names: bool = False) -> str:
        """Return the expression for a whole text; each part is a group, named (RE2, Python) or not (Java)."""
        return "^" + "".join(_group(part, body, names) for part, body in self.pieces) + "$"


def _group(part: Part | None, body: str, names: bool) -> str:
    if part is None:
        return body
    return f"(?P<{part}>{body})" if names else f"({body})"


def _literal(text: str) -> str:
    return "".join(char if char.isalnum() or char in " -/:,_" else f"[{char}]" for char in text)


@cache
def pattern(text: str) -> Pattern:
    """Parse a Spark datetime pattern.

    Raises:
        SpecError: The pattern has an unsupported letter, or not exactly one year, month and day.
    """
    if text == ISO_TIMESTAMP:
        return _iso_timestamp()
    pieces = [_piece(match, text) for match in _SCAN.finditer(text)]
    parts = [part for part, _ in pieces if part is not None]
    if len(set(parts)) < len(parts) or not {"year", "month", "day"} <= set(parts) or not _SAFE.fullmatch(text):
        raise SpecError(f"A datetime pattern must have year, month and day once each. Got '{text}' instead.", _ADVICE)
    return Pattern(text, tuple(pieces), bool(re.search("(?<!y)yy(?!y)", text)), "MMM" in text)


_ADVICE: Final = f"Patterns consist of {', '.join(_TOKENS)} and separators, as in `dd.MM.yyyy HH:mm`."


def _piece(match: re.Match[str], text: str) -> tuple[Part | None, str]:
    if match[2] is None:
        literal = match[3] if match[3] is not None else match[1].replace("''", "'") or "'"
        return None, _literal(literal)
    if match[0] not in _TOKENS:
        raise SpecError(f"The datetime pattern '{text}' has the unknown part '{match[0]}'.", _ADVICE)
    return _TOKENS[match[0]]


def _iso_timestamp() -> Pattern:
    dash: tuple[Part | None, str] = (None, "-")
    day: tuple[tuple[Part | None, str], ...] = (("year", _YEAR), dash, ("month", _MONTH), dash, ("day", _DAY))
    clock: tuple[tuple[Part | None, str], ...] = (("hour", _HOUR), (None, ":"), ("minute", _SIXTY), (None, "(?::"))
    end: tuple[tuple[Part | None, str], ...] = (("second", _SECOND), (None, ")? ?"), ("offset", _OFFSET), (None, "?"))
    return Pattern(ISO_TIMESTAMP, (*day, (None, "[T ]"), *clock, *end))

"""Number formats such as `1,234.50`, `$9.99`, `12%` and `(23.44)`, as regular expressions.

Java, RE2 and Python interpret the expressions alike, as with those of `patterns`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from spark_jobs.bundle.patterns import number_regex

SYMBOLS: Final = "$¢£¤¥₡₦₩₪₫€₭₮₱₲₴₸₹₺₼₽₾₿"
_CODES = (
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD PHP PLN RON RUB SEK SGD THB TRY "
    "TWD USD ZAR Rs kr US$ R$ C$ A$ NZ$ HK$"
)
CODES: Final = tuple(_CODES.split())
SPACES: Final = " \u00a0\u2009\u202f"
QUOTES: Final = "'\u2019"
MINUS: Final = "\u2212\u2013-"  # the ASCII hyphen is last, so that it is literal inside brackets
NEGATIVE: Final = f"^[^0-9]*[({MINUS}]|[{MINUS}]$"
_GROUPS: Final = {" ": SPACES, "'": QUOTES}


@dataclass(frozen=True, slots=True)
class Numerals:
    """The number format of a column.

    `thousands` is the thousands separator (a space stands for all kinds of spaces, ' for both quotes). `affix` is text
    next to each number: an optional currency, or a required unit or %. `signs` allows negative numbers in parentheses,
    other minus signs and a trailing minus; any separator or affix implies it.
    """

    decimal: str = "."
    thousands: str = ""
    affix: str = ""
    signs: bool = False

    @property
    def plain(self) -> bool:
        """Whether `patterns.number_regex` describes the format."""
        return not (self.thousands or self.affix or self.signs)

    @property
    def groups(self) -> str:
        """All characters that may separate groups of digits."""
        return _GROUPS.get(self.thousands, self.thousands)

    def regex(self) -> str:
        """Return the expression for a whole text; the digits are group 1, or group 2 in parentheses."""
        if self.plain:
            return number_regex(self.decimal)
        blanks, digits, minus = f"[{SPACES}]*", f"({self._digits()})", f"(?:[+{MINUS}][{SPACES}]*)?"
        before, after = self._beside(blanks)
        signed = f"{minus}{before}{digits}{after}[{MINUS}]?"
        if before:
            signed = f"(?:{minus}{before}|{before}{minus}){digits}{after}[{MINUS}]?"
        return f"^(?:{signed}|{before}[(]{blanks}{before}{digits}{after}{blanks}[)])$"

    def _digits(self) -> str:
        point = f"[{self.decimal}]"
        single = f"(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        if not self.thousands:
            return single
        group = f"[{self.groups}]"
        return f"[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}(?:{point}[0-9]*)?|{single}"

    def _beside(self, blanks: str) -> tuple[str, str]:
        if not self.affix:
            return "", ""
        affix = "".join(char if char.isalnum() else f"[{char}]" for char in self.affix)
        if is_currency(self.affix):
            return f"(?:{affix}{blanks})?", f"(?:{blanks}{affix})?"
        return "", f"{blanks}{affix}"


PLAIN: Final = Numerals()


def is_currency(affix: str) -> bool:
    """Return whether an affix is a currency, which may precede or follow the number or be absent."""
    return affix in CODES or (affix != "" and affix in SYMBOLS)


def float_text(text: str, numerals: Numerals) -> str | None:
    """Convert a text in a number format to a text that `float` accepts, or return None if it does not match.

    >>> float_text("(1.557,39 €)", Numerals(",", ".", "€"))
    '-1557.39'
    """
    found = _compiled(numerals.regex()).fullmatch(text)
    if found is None:
        return None
    if numerals.plain:
        return text.replace(numerals.decimal, ".")
    digits = (found[1] or found[2]).translate(_table(numerals.groups, numerals.decimal))
    return f"-{digits}" if _compiled(NEGATIVE).search(text) else digits


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


@cache
def _table(groups: str, decimal: str) -> dict[int, str]:
    return str.maketrans(dict.fromkeys(groups, "") | {decimal: "."})

"""Numbers as people write them, `1,234.50`, `$9.99`, `12%`, `(23.44)`: how a column is written, and its expressions.

The expressions mean the same to Java, RE2 and Python, as those of `patterns` do.
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
MINUS: Final = "\u2212\u2013-"  # the plain one last, so that it stands for itself between brackets
NEGATIVE: Final = f"^[^0-9]*[({MINUS}]|[{MINUS}]$"
_GROUPS: Final = {" ": SPACES, "'": QUOTES}


@dataclass(frozen=True, slots=True)
class Numerals:
    """How the numbers of a column are written.

    `thousands` is the sign between groups of digits (a blank stands for all kinds of blanks, ' for both quotes),
    `affix` what stands beside each number: a currency, which may be left out, or a unit or %, which may not. `signs`
    allows brackets, other signs of minus, and a minus at the end; so does any thousands sign or affix.
    """

    decimal: str = "."
    thousands: str = ""
    affix: str = ""
    signs: bool = False

    @property
    def plain(self) -> bool:
        """Whether `patterns.number_regex` says how they are written."""
        return not (self.thousands or self.affix or self.signs)

    @property
    def groups(self) -> str:
        """All characters that may stand between groups of digits."""
        return _GROUPS.get(self.thousands, self.thousands)

    def regex(self) -> str:
        """The expression over the whole text; the digits are its first group or, in brackets, its second."""
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
    """Whether it says what money: it may stand before the number or after it, or be left out."""
    return affix in CODES or (affix != "" and affix in SYMBOLS)


def float_text(text: str, numerals: Numerals) -> str | None:
    """The number that a text writes so, as `float` takes it; None where it writes none.

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

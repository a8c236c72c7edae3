"""Detection of number formats from all cells of a column. Uses Arrow, not Spark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bundle.numerals import CODES, MINUS, QUOTES, SPACES, SYMBOLS, Numerals, is_currency

_MOST: Final = 50  # spellings that are counted per column
_DOLLARS: Final = (
    "$",
    "£",
    "¥",
    "₹",
    "USD",
    "GBP",
    "US$",
    "INR",
    "CAD",
    "AUD",
)  # currencies of countries without a decimal comma
_CURRENCY: Final = "|".join([f"[{SYMBOLS}]", *(re.sub(r"(\W)", r"[\1]", code) for code in CODES)])
_UNIT: Final = "[A-Za-zµμ°Ω²³/%‰]{1,12}"
_SIGN: Final = f"[+{MINUS}]?[{SPACES}]*"
_LOOSE: Final = (
    f"^(?P<open>[(]?)(?P<sign>{_SIGN})(?P<before>(?:(?:{_CURRENCY})[{SPACES}]*)?)(?P<inner>[(]?{_SIGN})"
    f"(?P<body>[0-9z][0-9.,{SPACES}{QUOTES}]*|[.,][0-9]+)(?P<power>(?:[eE][+-]?[0-9]+)?)"
    f"(?P<after>(?:[{SPACES}]*(?:{_CURRENCY}|{_UNIT}))?)(?P<close>[)]?[{MINUS}]?)$"
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """The format of one number, as far as its digits show it.

    Attributes:
        unsure: a sign that may be either of them.
        signs: whether the minus sign is unusual, such as parentheses.
    """

    decimal: str = ""
    thousands: str = ""
    unsure: str = ""
    signs: bool = False
    affix: str = ""

    def key(self) -> str:
        """Return the spelling as text, which `of_key` parses."""
        marks = (self.decimal, self.thousands, self.unsure, "s" if self.signs else "")
        return "".join(mark or "_" for mark in marks) + self.affix

    @classmethod
    def of_key(cls, key: str) -> Spelling:
        """Return the spelling of a key."""
        decimal, thousands, unsure, signs = ("" if mark == "_" else mark for mark in key[:4])
        return cls(decimal, thousands, unsure, bool(signs), key[4:])

    def fits(self, numerals: Numerals) -> bool:
        """Return whether the numerals parse a number of this spelling."""
        known = ("", numerals.decimal, numerals.thousands)
        signs = self.decimal in known[:2] and self.thousands in ("", numerals.thousands) and self.unsure in known
        return signs and (self.affix == numerals.affix or (self.affix == "" and is_currency(numerals.affix)))


def spellings(text: pa.Array, counts: npt.NDArray[np.int64]) -> dict[str, int]:
    """Count the cells of each spelling, by its key, among texts that look like numbers."""
    there = pc.match_substring_regex(text, _LOOSE)
    if not pc.any(there).as_py():
        return {}
    zero = pc.replace_substring_regex(text.filter(there), "^([^0-9]*)0", r"\1z")
    shapes = pc.replace_substring_regex(zero, "[0-9]", "9").dictionary_encode()
    rows = np.bincount(shapes.indices.to_numpy(), weights=counts[there.to_numpy(zero_copy_only=False)])
    found: Counter[str] = Counter()
    for shape, cells in zip(shapes.dictionary.to_pylist(), rows, strict=True):
        if (spelling := _of_shape(shape)) is not None:
            found[spelling.key()] += int(cells)
    return dict(found.most_common(_MOST))


def spelling_of(text: str) -> Spelling | None:
    """Return the spelling of a text; None if it does not look like a number."""
    return _of_shape(re.sub("[0-9]", "9", re.sub("^([^0-9]*)0", r"\1z", text)))


@cache
def _loose() -> re.Pattern[str]:
    return re.compile(_LOOSE)


def _of_shape(shape: str) -> Spelling | None:
    found = _loose().fullmatch(shape)
    if found is None:
        return None
    parts = {name: part.strip(SPACES) for name, part in found.groupdict().items()}
    opened, closed = parts["open"] + parts["inner"].rstrip(f"+{MINUS}"), parts["close"]
    signs = _separators(parts["body"])
    odd = (opened == "(") != (closed == ")") or len(opened) > 1 or (parts["before"] and parts["after"])
    if signs is None or odd or (parts["power"] and signs[1]):
        return None
    minus = found["sign"] + found["inner"] + closed  # includes blanks after a sign
    return Spelling(*signs, minus not in ("", "+", "-") or closed != "", parts["before"] or parts["after"])


def _separators(body: str) -> tuple[str, str, str] | None:
    """Return the decimal sign, the thousands separator and the ambiguous sign of a number's digits."""
    plain = re.sub(f"[{QUOTES}]", "'", re.sub(f"[{SPACES}]", " ", body))
    groups, marks = re.split("[., ']", plain), re.findall("[., ']", plain)
    kinds = list(dict.fromkeys(marks))
    if not kinds:
        return "", "", ""
    if len(kinds) == 1:
        return _one_kind(kinds[0], groups)
    whole = len(kinds) == 2 and marks[-1] == kinds[1] in ".," and marks.count(kinds[1]) == 1 and _grouped(groups[:-1])
    return (kinds[1], kinds[0], "") if whole else None


def _one_kind(mark: str, groups: list[str]) -> tuple[str, str, str] | None:
    coded = mark in " '" and len(groups[0]) == 3  # 123 456 789 may be a code
    if _grouped(groups):
        return ("", "", mark) if coded or (mark in ".," and len(groups) == 2) else ("", mark, "")
    return (mark, "", "") if mark in ".," and len(groups) == 2 else None


def _grouped(groups: list[str]) -> bool:
    first, *middle, last = groups
    return (
        1 <= len(first) <= 3 and "z" not in first and len(last) == 3 and all(2 <= len(group) <= 3 for group in middle)
    )


class Unclear(Exception):
    """The cells hold numbers of an ambiguous format; `unsure` is the ambiguous sign, if one is."""

    def __init__(self, unsure: str = "") -> None:
        self.unsure = unsure


def numerals_of(found: Iterable[Spelling], decimal: str = "", thousands: str = "") -> Numerals:
    """Return the numerals that parse all spellings of one affix; a given sign is binding.

    Raises:
        Unclear: the spellings disagree, or a sign may be decimal sign or thousands separator.
    """
    found = list(found)
    affix = next((one.affix for one in found if one.affix), "")
    point = _sole({decimal} if decimal else {one.decimal for one in found})
    group = _sole({thousands} if thousands else {one.thousands for one in found})
    for sign in sorted({one.unsure for one in found} - {"", point, group}):
        point, group = _resolved(sign, point, group, affix)
    if point and point == group:
        raise Unclear
    point = point or ("," if group == "." else ".")
    return Numerals(point, group, affix, any(one.signs for one in found))


def _sole(signs: set[str]) -> str:
    signs = signs - {""}
    if len(signs) > 1:
        raise Unclear
    return next(iter(signs), "")


def _resolved(sign: str, point: str, group: str, affix: str) -> tuple[str, str]:
    """Return the decimal sign and the thousands separator, given the role that an ambiguous sign can still have."""
    if sign in " '" or (point and group):
        raise Unclear(sign)
    if point:
        return point, sign
    if group or sign == ".":
        return sign, group
    if affix in _DOLLARS:
        return point, sign
    raise Unclear(sign)

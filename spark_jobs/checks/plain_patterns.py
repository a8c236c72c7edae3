"""Translation of unambiguous regular expressions for Java's engine, which then never backtracks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Final

_SETS: Final = {"d": frozenset(digits), "w": frozenset(ascii_letters + digits + "_"), "s": frozenset("\t\n\f\r ")}
_ESCAPED: Final = r"\\(?:[dws]|[^\w\s])"
_ITEM: Final = re.compile(
    rf"(?P<one>{_ESCAPED}|[^\\\[\](){{}}.^$*+?|]|\[(?!\^)(?:{_ESCAPED}|[^\\\[\]^&])+\])"
    r"(?P<times>[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?"
)
_IN_CLASS: Final = re.compile(rf"(?P<low>{_ESCAPED}|.)(?:-(?P<high>.))?", re.DOTALL)
_RANGE_OF_SETS: Final = re.compile(r"\\.-|-\\", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Item:
    """A set of characters and how often one of them may occur."""

    characters: frozenset[str]
    least: int
    most: int | None

    @property
    def java(self) -> str:
        told = "".join(f"\\x{{{ord(one):x}}}" for one in sorted(self.characters))
        return f"[{told}]{{{self.least},{'' if self.most is None else self.most}}}+"


def plain_java(pattern: str) -> str | None:
    r"""Return an equivalent Java pattern with possessive repetitions, or None if equivalence is not certain.

    Equivalence is certain for a sequence of ASCII characters and character classes such as `[A-Z]{2}-\d+`. An item that
    may repeat a variable number of times must share no character with what can follow it. Then a text has at most one
    parse, so a repetition never has to give characters back, and matching takes linear time as in RE2.

    >>> plain_java("a?b")
    '\\A[\\x{61}]{0,1}+[\\x{62}]{1,1}+\\z'
    >>> plain_java("a*a") is None
    True
    """
    items = _items(pattern)
    if items is None or not all(_decided(items, place) for place in range(len(items))):
        return None
    return rf"\A{''.join(item.java for item in items)}\z"


def _items(pattern: str) -> list[_Item] | None:
    items, place = [], 0
    while place < len(pattern):
        found = _ITEM.match(pattern, place)
        if found is None or not pattern.isascii() or _RANGE_OF_SETS.search(found["one"]):
            return None
        characters = frozenset(_characters(found["one"]))
        items.append(_Item(characters, *_times(found["times"])))
        if not characters or (found["times"] and pattern[found.end() : found.end() + 1] in ("?", "+", "*", "{")):
            return None
        place = found.end()
    return items


def _characters(one: str) -> Iterator[str]:
    if not one.startswith("["):
        yield from _single(one)
        return
    for part in _IN_CLASS.finditer(one[1:-1]):
        if part["high"] is None:
            yield from _single(part["low"])
        else:
            yield from map(chr, range(ord(part["low"]), ord(part["high"]) + 1))


def _single(one: str) -> frozenset[str]:
    return _SETS.get(one[1:], frozenset(one[1:])) if one.startswith("\\") else frozenset(one)


def _times(said: str | None) -> tuple[int, int | None]:
    if said is None:
        return 1, 1
    if not said.startswith("{"):
        return int(said == "+"), 1 if said == "?" else None
    least, comma, most = said[1:-1].partition(",")
    return int(least), int(most) if most else None if comma else int(least)


def _decided(items: Sequence[_Item], place: int) -> bool:
    """Return whether no later item can consume a character that this item may take."""
    item = items[place]
    if item.least == item.most:
        return True
    for after in items[place + 1 :]:
        if item.characters & after.characters:
            return False
        if after.least:
            return True
    return True

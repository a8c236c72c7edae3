"""Split JSON text into the texts of its values: concatenated, on lines or across lines, in arrays or not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

LONGEST: Final = 2**20  # characters of a malformed text to keep
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_SAME_LINE: Final = re.compile(r"[ \t\r]*")
_MARGIN: Final = 10  # an error this close to the end of the buffer may only mean that more must be read
_UNFINISHED: Final = ("Unterminated", "Invalid \\")


class Value(NamedTuple):
    """The text of one value. `why` is the reason if it is malformed; `hides` means that it may contain lost values."""

    text: str
    why: str | None = None
    hides: bool = False


class _Invalid(Exception):
    """A malformed value, with the error at character `at`; `unfinished` means that more text may complete it."""

    def __init__(self, at: int, why: str, unfinished: bool = False) -> None:
        super().__init__(why)
        self.at, self.unfinished = at, unfinished
        self.why = why if why.startswith("more") else f"the value is not JSON: {why} at character {at + 1}"


def parse_values(chunks: Iterable[str]) -> Iterator[Value]:
    """Yield the values of a text that comes in chunks, and the elements of arrays one by one, in bounded memory.

    A malformed value extends to the next line that begins a value and is indented no deeper.
    """
    text = _Text(iter(chunks))
    while text.skip_blanks():
        if text.next == "[":
            text.at += 1
            yield from _elements(text)
        else:
            yield _value(text, inside=False)


def _elements(text: _Text) -> Iterator[Value]:
    comma = False
    while text.skip_blanks():
        if text.next == "]":
            text.at += 1
            if comma:
                yield Value(",", "no value follows the comma")
            return
        value = _value(text, inside=True)
        yield value
        if value.why is not None and (not text.skip_blanks() or text.next == "["):
            return  # the array is truncated; another one may begin
        comma = text.skip_blanks() and text.next == ","
        text.at += comma
    yield Value("", "the text ends inside an array")


def _value(text: _Text, inside: bool) -> Value:
    try:
        length = text.length_of_value()
        if text.after(length, inside) not in (("", ",", "]") if inside else ("", "\n", "{", "[")):
            raise _Invalid(length, f"more follows the JSON value at character {length + 1}")
    except _Invalid as error:
        return text.malformed(error)
    return Value(text.take(length))


class _Text:
    """The buffered part of a text, and the position of the next value in it."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks, self._held, self._ended = chunks, "", False
        self._scan: Callable[[str, int], tuple[Any, int]] = _scanner()
        self.at = 0

    @property
    def next(self) -> str:
        """Return the character at the position."""
        return self._held[self.at]

    def skip_blanks(self) -> bool:
        """Advance to the next character that is not blank; return False at the end."""
        while True:
            self.at = _end(_BLANKS, self._held, self.at)
            if self.at < len(self._held):
                return True
            if not self._more():
                return False

    def length_of_value(self) -> int:
        """Return the length of the value at the position.

        Raises:
            _Invalid: The value is malformed.
        """
        while True:
            found = self._tried()
            held = len(self._held) - self.at
            if isinstance(found, int):
                if found < held or self._ended:
                    return found
            elif self._ended or not (found.unfinished or found.at > held - _MARGIN):
                raise found
            self._more()

    def after(self, length: int, inside: bool) -> str:
        """Return the next non-blank character after `length` characters; outside of arrays, only on the same line.

        At the end of the text it is ''.
        """
        blanks = _BLANKS if inside else _SAME_LINE
        while (at := _end(blanks, self._held, self.at + length)) == len(self._held) and not self._ended:
            self._more()
        return self._held[at : at + 1]

    def take(self, length: int) -> str:
        """Consume and return `length` characters."""
        begin, self.at = self.at, self.at + length
        return self._held[begin : self.at]

    def malformed(self, error: _Invalid) -> Value:
        """Consume and return the malformed value at the position, up to where the next value can begin."""
        again = re.compile(rf"\n[ \t]{{0,{self._indent()}}}[{{\[]")
        while True:
            broken = self.at + error.at
            found = again.search(self._held, max(self.at, self._held.rfind("\n", self.at, broken + 1)))
            if found or not self._more():
                break
        hides = not found and not error.unfinished and "{" in self._held[broken + 1 :]
        length = (found.start() if found else len(self._held)) - self.at
        return Value(self.take(length).rstrip()[:LONGEST], error.why, hides)

    def _tried(self) -> int | _Invalid:
        """Return the length of the value, or the error."""
        try:
            return self._scan(self._held, self.at)[1] - self.at
        except json.JSONDecodeError as error:
            return _Invalid(error.pos - self.at, error.msg, error.msg.startswith(_UNFINISHED))
        except StopIteration as error:
            return _Invalid(error.value - self.at, "a value is missing")
        except RecursionError:
            return _Invalid(0, "it is nested too deeply")

    def _indent(self) -> int:
        """Return the indentation of the line on which the value begins; opening brackets before it count as blanks."""
        before = self._held[self._held.rfind("\n", 0, self.at) + 1 : self.at]
        return len(before) if not before.strip(" \t[") else len(before) - len(before.lstrip(" \t"))

    def _more(self) -> bool:
        """Double the buffer; the beginning of the current line is kept if it is near."""
        keep = max(self._held.rfind("\n", 0, self.at) + 1, self.at - 1000, 0)
        parts = [self._held[keep:]]
        self.at -= keep
        wanted = len(parts[0])
        for chunk in self._chunks:
            parts.append(chunk)
            wanted -= len(chunk)
            if wanted <= 0:
                break
        else:
            self._ended = True
        self._held = "".join(parts)
        return len(parts) > 1


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    decoder: Any = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once
    return scan


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at

"""YAML as a spec may use it: the 1.2 core rules, one document, no tags, no anchors, every value with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from spark_jobs.errors import SpecError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_DIGITS = 400
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
DECIMAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
SPECIAL = {".nan": "nan", ".inf": "inf", "+.inf": "inf", "-.inf": "-inf"}

KeyPath = tuple[str | int, ...]
Position = tuple[int, int]  # line and column, both from 1
Event = Any  # PyYAML's events share no typed shape


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML text says, and the line and column at which each key or item stands."""

    data: Any
    positions: dict[KeyPath, Position] = field(default_factory=dict)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's parser; its events are put together by the rules of this module, its own resolver is not used."""


def read_yaml(text: str, name: str) -> Document:
    """Read one YAML document.

    Args:
        text: the YAML.
        name: what errors call it, such as its file's name.

    Raises:
        SpecError: it is not YAML, or uses what a spec may not: two documents, tags, anchors, a key given twice.
    """
    reader = _Reader(name)
    try:
        return reader.document(iter(yaml.parse(text, Loader=_Loader)))
    except yaml.YAMLError as error:
        raise _worded(error, name, text) from None


def resolve(text: str) -> object:
    """What a plain scalar means by the 1.2 core rules; `yes`, `012`, `0x1F`, `12:30` and dates stay text.

    >>> [resolve(text) for text in ("true", "yes", "1e3", "012")]
    [True, 'yes', 1000.0, '012']
    """
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    special = SPECIAL.get(text.lower())
    return text if special is None else float(special)


def plain(text: str, name: str, line: int) -> object:
    """The value of a plain scalar.

    Raises:
        SpecError: a number with hundreds of digits.
    """
    if len(text) > MAX_DIGITS and (INTEGER.fullmatch(text) or DECIMAL.fullmatch(text)):
        raise SpecError(f"`{name}:{line}` holds a number of {len(text)} digits.", "Quote it if it is meant as text.")
    return resolve(text)


class _Reader:
    """Puts parser events together to plain data and remembers the positions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.positions: dict[KeyPath, Position] = {}

    def refuse(self, event: Event, what: str, advice: str) -> SpecError:
        return SpecError(f"`{self.name}:{event.start_mark.line + 1}` {what}", advice)

    def document(self, events: Iterator[Any]) -> Document:
        data, documents = None, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.refuse(event, "begins a second document.", "One file holds one spec: remove the `---`.")
                data = self.value(next(events), events, ())
        return Document(data, self.positions)

    def value(self, event: Event, events: Iterator[Any], path: KeyPath) -> object:
        self.check(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(events, path)
        return self.mapping(events, path)

    def check(self, event: Event, path: KeyPath) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self.refuse(
                event, f"uses an anchor or alias ('{str(event.anchor)[:40]}').", "Write the value in full."
            )
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            raise self.refuse(event, f"uses the tag '{event.tag[:80]}'.", "Remove the tag: values are plain.")
        if len(path) > MAX_DEPTH:
            raise self.refuse(event, f"is nested more than {MAX_DEPTH} levels deep.", "Five levels are enough.")

    def scalar(self, event: Event) -> object:
        text: str = event.value
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise self.refuse(event, "holds a character that is no text (NUL or half a pair).", "Remove it.")
        if event.tag is None and event.implicit[0] and event.style in (None, ""):
            return plain(text, self.name, event.start_mark.line + 1)
        return text

    def sequence(self, events: Iterator[Any], path: KeyPath) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            place = (*path, len(items))
            self.positions[place] = _position(event)
            items.append(self.value(event, events, place))
        return items

    def mapping(self, events: Iterator[Any], path: KeyPath) -> dict[str, Any]:
        items: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.key(event, path)
            place = (*path, key)
            if key in items:
                first, _ = self.positions[place]
                raise self.refuse(event, f"gives the key '{key[:80]}' again, after line {first}.", "Keep one.")
            self.positions[place] = _position(event)
            items[key] = self.value(next(events), events, place)
        return items

    def key(self, event: Event, path: KeyPath) -> str:
        self.check(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refuse(event, "has a list or a mapping as a key.", "A key is a single name.")
        self.scalar(event)
        text: str = event.value
        return text


def _position(event: Event) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _worded(error: yaml.YAMLError, name: str, text: str) -> SpecError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return SpecError(f"`{name}` holds a control character: {str(error).splitlines()[0]}.", "Save it as UTF-8 text.")
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or "it cannot be read"
    lines = text.splitlines()
    indent = re.match(r"\s*", lines[mark.line] if mark.line < len(lines) else "")
    if "\t" in (indent[0] if indent else "") or "'\\t'" in problem or "tab" in problem:
        return SpecError(f"`{name}:{mark.line + 1}` is indented with a tab.", "YAML is indented with blanks only.")
    return SpecError(
        f"`{name}:{mark.line + 1}` is not YAML: {problem} (column {mark.column + 1}).",
        "Check colons, quotes and indentation here and above; quote a text that begins with one of > | * & ! % @ `.",
    )

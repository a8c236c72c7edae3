"""A YAML reader for specs: the YAML 1.2 core schema, one document, no tags or anchors, with key positions."""

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
    """The data of a YAML text, and the line and column of each key and list item."""

    data: Any
    positions: dict[KeyPath, Position] = field(default_factory=dict)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's parser, used for its events only: this module resolves scalars, since PyYAML follows YAML 1.1."""


def read_yaml(text: str, name: str) -> Document:
    """Read one YAML document.

    Args:
        name: The name for error messages, such as the file's name.

    Raises:
        SpecError: The text is not valid YAML, or has two documents, tags, anchors or duplicate keys.
    """
    reader = _Reader(name)
    try:
        return reader.document(iter(yaml.parse(text, Loader=_Loader)))
    except yaml.YAMLError as error:
        raise _worded(error, name, text) from None


def resolve_scalar(text: str) -> object:
    """Return the value of a plain scalar by the YAML 1.2 core schema.

    `yes`, `012`, `0x1F`, `12:30` and dates stay text.

    >>> [resolve_scalar(text) for text in ("true", "yes", "1e3", "012")]
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
    """Return the value of a plain scalar, and refuse numbers of more than `MAX_DIGITS` characters.

    Raises:
        SpecError: The number is too long; `name` and `line` locate it.
    """
    if len(text) > MAX_DIGITS and (INTEGER.fullmatch(text) or DECIMAL.fullmatch(text)):
        raise SpecError(f"`{name}:{line}` has a number of {len(text)} digits.", "Quote it if it is text.")
    return resolve_scalar(text)


class _Reader:
    """Builds plain data from parser events and records the position of each key."""

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
                    raise self.refuse(event, "begins a second document.", "A file contains one spec: remove the `---`.")
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
            raise self.refuse(event, f"uses the tag '{event.tag[:80]}'.", "Remove the tag.")
        if len(path) > MAX_DEPTH:
            raise self.refuse(
                event, f"is nested more than {MAX_DEPTH} levels deep.", "No key of a spec is nested that deep."
            )

    def scalar(self, event: Event) -> object:
        text: str = event.value
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise self.refuse(event, "contains an invalid character (NUL or a lone surrogate).", "Remove it.")
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
                raise self.refuse(event, f"repeats the key '{key[:80]}' of line {first}.", "Keep one.")
            self.positions[place] = _position(event)
            items[key] = self.value(next(events), events, place)
        return items

    def key(self, event: Event, path: KeyPath) -> str:
        self.check(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise self.refuse(event, "has a list or a mapping as a key.", "Use a single name as the key.")
        self.scalar(event)
        text: str = event.value
        return text


def _position(event: Event) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _worded(error: yaml.YAMLError, name: str, text: str) -> SpecError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return SpecError(
            f"`{name}` contains a control character: {str(error).splitlines()[0]}.", "Save it as UTF-8 text."
        )
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or "it cannot be read"
    lines = text.splitlines()
    indent = re.match(r"\s*", lines[mark.line] if mark.line < len(lines) else "")
    if "\t" in (indent[0] if indent else "") or "'\\t'" in problem or "tab" in problem:
        return SpecError(f"`{name}:{mark.line + 1}` is indented with a tab.", "Indent YAML with spaces only.")
    return SpecError(
        f"`{name}:{mark.line + 1}` is not valid YAML: {problem} (column {mark.column + 1}).",
        "Check colons, quotes and indentation here and above; quote a text that begins with one of > | * & ! % @ `.",
    )

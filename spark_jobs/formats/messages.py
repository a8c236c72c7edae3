"""Convert messages (JSON objects or CSV records) to cells, strictly. Malformed ones get a reason."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from operator import itemgetter
from typing import Any, Final, Literal

import pyarrow as pa

from spark_jobs.columns.names import under_names
from spark_jobs.errors import format_list

Cells = Sequence[Any]
Read = Callable[[str], tuple[Cells, str | None]]
BINARY: Final = "base64:"
# Columns after the cells: the message's place, its text and the reasons if malformed, and a key that is no column.
BESIDE: Final = ("_source", "⟨raw⟩", "_reasons", "⟨other⟩")
_BLANK: Final = " \t\r\n"
_SPACED: Final = re.compile(r'"[ \t\r\n]+:').search
_KINDS: Final = {"[": "an array", '"': "a string", "t": "true", "f": "false", "n": "null"}


class InvalidMessage(Exception):
    """The reason why a message is malformed."""


class Number(str):
    """A number as written in the text."""


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """Values that are JSON objects. The keys `names` become cells; a key in `unwelcome` makes the message malformed.

    `others` handles any other key: "unasked" ignores it, "told" reports it, "refused" makes the message malformed.
    """

    names: tuple[str, ...]
    unwelcome: Mapping[str, str] = field(default_factory=dict)
    others: Literal["unasked", "told", "refused"] = "unasked"

    def reader(self) -> Read:
        """Return a function from one value's text to its cells and, if reported, a key that is not a column."""
        names, unwelcome, others, scan = frozenset(self.names), self.unwelcome, self.others, object_scanner()
        pick = _picking(self.names)

        def read(text: str) -> tuple[Cells, str | None]:
            found = under_names(object_of(text, scan), names)
            if unwelcome and not unwelcome.keys().isdisjoint(found):
                raise InvalidMessage(next(unwelcome[key] for key in found if key in unwelcome))
            cells = pick(found)
            if others == "unasked" or names.issuperset(found):
                return cells, None
            other = next(key for key in found if key not in names)
            if others == "refused":
                raise InvalidMessage(f"the key '{other[:40]}' is not a column of the training data")
            return cells, other

        return read


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """Values that are CSV records, with one field for each of `names`."""

    names: tuple[str, ...]
    sep: str = ","
    quote: str = '"'
    escape: str = '"'

    def reader(self) -> Read:
        """Return a function from one value's text to its fields."""
        csv.field_size_limit(2**31 - 1)
        form: dict[str, Any] = {
            "delimiter": self.sep,
            "quotechar": self.quote or None,
            "quoting": csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            "doublequote": self.escape == self.quote,
            "escapechar": None if self.escape == self.quote else self.escape,
            "skipinitialspace": not self.sep.isspace(),
            "strict": True,
        }
        width = len(self.names)

        def read(text: str) -> tuple[Cells, str | None]:
            several = "\n" in text or "\r" in text
            try:
                records = [one for one in csv.reader(StringIO(text, newline="") if several else (text,), **form) if one]
            except csv.Error as error:
                raise InvalidMessage(f"the record is malformed: {error}") from None
            if len(records) != 1:
                raise InvalidMessage(
                    f"the value holds {len(records)} records, not one" if records else "the value is empty"
                )
            if len(records[0]) != width:
                raise InvalidMessage(f"the record has {len(records[0])} fields, not {width}")
            return records[0], None

        return read


def _picking(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Cells]:
    """Return a function that takes the values of `names` from an object; an object with none of them is malformed."""
    get = itemgetter(*names) if len(names) > 1 else None

    def pick(found: Mapping[str, Any]) -> Cells:
        try:
            return get(found) if get else (found[names[0]],)
        except KeyError:
            if not any(name in found for name in names):
                keys = format_list((key[:40] for key in found), 5, quote=True) or "none"
                raise InvalidMessage(f"the object has none of the columns; its keys are {keys}") from None
            return tuple(map(found.get, names))

    return pick


def split(
    form: JsonFormat | CsvFormat, headers: Sequence[str] = ()
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return an Arrow function from (value, place, headers …) to cells, headers and the columns in `BESIDE`."""

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        read = form.reader()
        for batch in batches:
            yield _split(batch, read, form.names, headers)

    return work


def object_of(text: str, scan: Callable[[str, int], tuple[Any, int]]) -> dict[str, Any]:
    """Parse text that must be exactly one JSON object; numbers stay text.

    Raises:
        InvalidMessage: The text is anything else, or has a duplicate key.
    """
    text = text.strip(_BLANK)
    if text[:1] != "{":
        raise InvalidMessage(_what(text))
    found: dict[str, Any]
    try:
        found, end = scan(text, 0)
    except json.JSONDecodeError as error:
        raise InvalidMessage(f"the value is not JSON: {error.msg} at character {error.pos + 1}") from None
    except StopIteration as error:
        raise InvalidMessage(f"the value is not JSON: a value is missing at character {error.value + 1}") from None
    except RecursionError:
        raise InvalidMessage("the value is nested too deeply") from None
    if end != len(text):
        raise InvalidMessage(f"more follows the JSON object at character {end + 1}")
    # If there are as many colons after quotes as keys, no key is duplicate, and no second parse is needed.
    if text.count('":') != len(found) or _SPACED(text):
        json.loads(text, object_pairs_hook=_once, parse_int=str)
    return found


def object_scanner() -> Callable[[str, int], tuple[Any, int]]:
    """Return a JSON scanner of (text, position). Numbers get their own type only if the text may be nested."""
    plain, nested = (_scanning(number) for number in (str, Number))
    return lambda text, at: (nested if "[" in text or text.find("{", 1) > 0 else plain)(text, at)


def _scanning(number: type[str]) -> Callable[[str, int], tuple[Any, int]]:
    decoder: Any = json.JSONDecoder(parse_float=number, parse_int=number, parse_constant=number)
    scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once
    return scan


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        given = [key for key, _ in pairs]
        twice = next(key for key in found if given.count(key) > 1)
        raise InvalidMessage(f"the key '{twice}' is given twice")
    return found


def _what(text: str) -> str:
    if not text:
        return "the value is empty"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "the value is not JSON"
    return f"the value is not a JSON object but {_KINDS.get(text[0], 'a number')}"


def _split(batch: pa.RecordBatch, read: Read, names: Sequence[str], headers: Sequence[str]) -> pa.RecordBatch:
    values = batch.column(0).to_pylist()
    found = [_cells(value, read) for value in values]
    others = [other if other is None or is_text(other) else "�" for _, _, other in found]
    cells, raw, told = cell_columns([one[0] for one in found], [one[1] for one in found], values, len(names))
    arrays = [*cells, *batch.columns[2:], batch.column(1), raw, told, pa.array(others, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, [*names, *headers, *BESIDE])


def cell_columns(
    found: Sequence[Cells | None], reasons: Sequence[str | None], values: Sequence[bytes | str | None], width: int
) -> tuple[list[pa.Array], pa.Array, pa.Array]:
    """Return the cells by column, as text; then the raw text and the reasons of malformed records, null for others."""
    nothing: Cells = (None,) * width
    rows, told = [nothing if cells is None else cells for cells in found], list(reasons)
    arrays = _arrays(rows, told, nothing)
    raw = [_raw(value) if reason else None for value, reason in zip(values, told, strict=True)]
    lists = [None if reason is None else [reason] for reason in told]
    return arrays, pa.array(raw, pa.string()), pa.array(lists, pa.list_(pa.string()))


def _cells(value: bytes | None, read: Read) -> tuple[Cells | None, str | None, str | None]:
    """Return the cells, or the reason why there are none, and a key that is not a column."""
    if value is None:
        return None, "the message has no value", None
    try:
        cells, other = read(value.decode())
    except InvalidMessage as refused:
        return None, str(refused).encode("utf-8", "replace").decode(), None
    except UnicodeDecodeError as error:
        return None, f"the value is not valid UTF-8 at byte {error.start + 1}", None
    return cells, None, other


def _arrays(rows: list[Cells], reasons: list[str | None], nothing: Cells) -> list[pa.Array]:
    """Return the cells by column, as text; each cell is checked only if some cell cannot be encoded."""
    try:
        return [_array(column) for column in zip(*rows, strict=True)]
    except (UnicodeEncodeError, RecursionError):
        for place, cells in enumerate(rows):
            rows[place], refused = as_texts(cells, nothing)
            reasons[place] = reasons[place] or refused
    return [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]


def _array(column: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(column, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array(_texts(column), pa.string())


def _texts(cells: Cells) -> list[str | None]:
    return [cell if cell is None or isinstance(cell, str) else _json(cell) for cell in cells]


def as_texts(cells: Cells, nothing: Cells) -> tuple[Cells, str | None]:
    """Return the cells as text, nested ones as JSON; or `nothing` and the reason."""
    try:
        texts = _texts(cells)
    except RecursionError:
        return nothing, "the value is nested too deeply"
    if not all(text is None or is_text(text) for text in texts):
        return nothing, "a string has an unpaired surrogate"
    return texts, None


def _json(cell: Any) -> str:
    """Return a nested value as JSON, with its numbers as written."""
    if isinstance(cell, Number):
        return str(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dict):
        return "{" + ",".join(f"{_json(key)}:{_json(value)}" for key, value in cell.items()) + "}"
    if isinstance(cell, list):
        return "[" + ",".join(map(_json, cell)) + "]"
    return json.dumps(cell, ensure_ascii=False)


def is_text(text: str) -> bool:
    """Return whether text has no unpaired surrogate: JSON can escape one, but no table can store it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _raw(value: bytes | str | None) -> str | None:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return BINARY + base64.b64encode(value).decode()

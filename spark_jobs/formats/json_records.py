"""Convert lines and files of JSON to objects, cell by cell. Malformed records get a reason, and nothing is lost."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from typing import IO, Any, Final, Generic, TypeVar

import pyarrow as pa

from spark_jobs.formats.json_documents import Value, parse_values
from spark_jobs.formats.messages import (
    InvalidMessage,
    JsonFormat,
    Number,
    as_texts,
    cell_columns,
    is_text,
    object_of,
    object_scanner,
)
from spark_jobs.formats.unpacking import open_unpacked, unpacking

T = TypeVar("T")
Batches = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
COUNTED: Final = (
    "file string, key string, objects bigint, nested bigint, plain bigint, place bigint, why string, hidden string"
)
_CHUNK: Final = 2**20
_TOGETHER: Final = 10_000
_DEEP: Final = 100
_MOST_KEYS: Final = 100_000
_PLAIN: Final = frozenset({str, bool, Number})


@dataclass
class ParsedRecords(Generic[T]):
    """The records of some lines or of a part of a file, with the text and the input row of each."""

    read: Callable[[str], T]
    found: list[T | None] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    texts: list[bytes | str] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    hidden: str | None = None

    def add_line(self, line: bytes, origin: int) -> None:
        """Add the object of a line, or several if the line has more."""
        try:
            text = line.decode()
            found = self.read(text)
        except UnicodeDecodeError as error:
            self._add(None, f"the line is not valid UTF-8 at byte {error.start + 1}", line, origin)
        except InvalidMessage:
            for value in parse_values([text]):
                self.add(value, origin)
        else:
            self._add(found, None, text, origin)

    def add(self, value: Value, origin: int) -> None:
        """Add one value: an object, or a malformed one."""
        found, why = None, value.why
        try:
            if why is None and not is_text(value.text):
                why = "the value is not valid text in the encoding of its file"
            found = self.read(value.text) if why is None else None
        except InvalidMessage as refused:
            why = str(refused)
        if value.hides:
            self.hidden = why
        self._add(found, why, value.text.encode("utf-8", "surrogateescape"), origin)

    def _add(self, found: T | None, why: str | None, text: bytes | str, origin: int) -> None:
        self.found.append(found)
        self.reasons.append(why)
        self.texts.append(text)
        self.origins.append(origin)


def records(
    batches: Iterator[pa.RecordBatch], read: Callable[[str], T], encoding: str | None
) -> Iterator[tuple[ParsedRecords[T], pa.RecordBatch]]:
    """Yield the records of lines (value, file, …) or, if `encoding` is set, of files (path, …, content)."""
    for batch in batches:
        if encoding is None:
            yield _of_lines(batch, read), batch
            continue
        contents = batch.column(batch.num_columns - 1).to_pylist()
        for origin, (path, content) in enumerate(zip(batch.column(0).to_pylist(), contents, strict=True)):
            found = parse_values(_chunks(path, content, encoding))
            while some := tuple(islice(found, _TOGETHER)):
                yield _of_values(some, read, origin), batch


def split(form: JsonFormat, names: Sequence[str], encoding: str | None = None) -> Batches:
    """Return an Arrow function from lines (value, file, …) or files (path, …, content) to one row per record.

    A row has the cells, the other columns, the file and, if malformed, the raw text and the reasons. `names` are the
    columns of the result.
    """

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        reader = form.reader()
        for found, batch in records(batches, lambda text: reader(text)[0], encoding):
            place, others = (batch.column(1), 2) if encoding is None else (batch.column(0), 1)
            beside = batch.columns[others : batch.num_columns - (encoding is not None)]
            if found.origins != list(range(batch.num_rows)):
                came = pa.array(found.origins, pa.int64())
                place, beside = place.take(came), [column.take(came) for column in beside]
            cells, raw, reasons = cell_columns(found.found, found.reasons, found.texts, len(form.names))
            yield pa.RecordBatch.from_arrays([*cells, *beside, place, raw, reasons], list(names))

    return work


def count_records(encoding: str | None = None) -> Batches:
    """Return an Arrow function that counts records per file and, by key, the objects that have it.

    The row of a file has a null `key`, and its malformed records in `nested`.
    """

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scan, counts = object_scanner(), _Counts()
        for found, batch in records(batches, lambda text: _whole_object_of(text, scan), encoding):
            files = batch.column(1 if encoding is None else 0).to_pylist()
            for object_, why, origin in zip(found.found, found.reasons, found.origins, strict=True):
                counts.add(files[origin], object_, why)
            if encoding is not None and found.hidden:
                counts.hidden[files[found.origins[-1]]] = found.hidden
            if len(counts.keys) > _MOST_KEYS:  # too many keys, probably data: pass the counts on to bound memory
                yield counts.batch()
                counts = _Counts()
        yield counts.batch()

    return work


def keys(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the keys of the objects in batches of (value, place), each with its count and its first place."""
    scan = object_scanner()
    for batch in batches:
        seen: dict[str, list[Any]] = {}
        for value, place in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
            for position, key in enumerate(_keys_of(value, scan)):
                seen.setdefault(key, [0, f"{position:06d} {place}"])[0] += 1
        yield pa.RecordBatch.from_pydict(
            {
                "key": pa.array(list(seen), pa.string()),
                "count": pa.array([count for count, _ in seen.values()], pa.int64()),
                "first": pa.array([first for _, first in seen.values()], pa.string()),
            }
        )


@dataclass
class _Counts:
    """By file and key: the objects that have it, and whether its values are nested. Equal key sets count together."""

    alike: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    keys: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)
    whys: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)

    def add(self, file: str, found: Mapping[str, Any] | None, why: str | None) -> None:
        if found is None:
            self.refused[file] += 1
            self.whys.setdefault(file, why or "")
        elif not _PLAIN.issuperset(map(type, found.values())):
            self.objects[file] += 1
            for place, (key, value) in enumerate(found.items()):
                self._add(file, key, place, 1, None if value is None else isinstance(value, (dict, list)))
        else:
            self.alike[file, tuple(found)] += 1
            if len(self.alike) > _TOGETHER:
                self._flush()

    def _flush(self) -> None:
        for (file, names), number in self.alike.items():
            self.objects[file] += number
            for place, key in enumerate(names):
                self._add(file, key, place, number, False)
        self.alike.clear()

    def _add(self, file: str, key: str, place: int, number: int, nested: bool | None) -> None:
        known = self.keys.setdefault((file, key), [0, 0, 0, place])
        known[0] += number
        if nested is not None:
            known[1 if nested else 2] += number
        known[3] = min(known[3], place)

    def batch(self) -> pa.RecordBatch:
        self._flush()
        files = {*self.objects, *self.refused}
        totals = [
            (file, None, self.objects[file] + self.refused[file], self.refused[file], 0, 0, self.whys.get(file),
             self.hidden.get(file)) for file in files
        ]  # fmt: skip
        whole = [one for one in self.keys.items() if is_text(one[0][1])]
        rows = totals + [(file, key, *numbers, None, None) for (file, key), numbers in whole]
        kinds = (pa.string(), pa.string(), *(pa.int64(),) * 4, pa.string(), pa.string())
        cells: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * 8
        names = [column.split()[0] for column in COUNTED.split(", ")]
        return pa.RecordBatch.from_arrays([pa.array(c, kind) for c, kind in zip(cells, kinds, strict=True)], names)


def _of_lines(batch: pa.RecordBatch, read: Callable[[str], T]) -> ParsedRecords[T]:
    """Return the records of lines; fast if every line is one object, as usual."""
    lines = batch.column(0).to_pylist()
    with suppress(InvalidMessage, UnicodeDecodeError):
        objects: list[T | None] = [read(line.decode()) for line in lines]
        return ParsedRecords(read, objects, [None] * len(lines), lines, list(range(len(lines))))
    found = ParsedRecords(read)
    for origin, line in enumerate(lines):
        found.add_line(line, origin)
    return found


def _of_values(some: Iterable[Value], read: Callable[[str], T], origin: int) -> ParsedRecords[T]:
    found = ParsedRecords(read)
    for value in some:
        found.add(value, origin)
    return found


def _whole_object_of(text: str, scan: Callable[[str, int], tuple[Any, int]]) -> dict[str, Any]:
    """Parse an object and check that each of its values can be written as text again."""
    found = object_of(text, scan)
    if "\\u" in text or text.count("{") + text.count("[") > _DEEP:
        _, why = as_texts([value for key, value in found.items() if is_text(key)], ())
        if why:
            raise InvalidMessage(why)
    return found


def _chunks(path: str, content: bytes | None, encoding: str) -> Iterator[str]:
    """Yield a file's text in chunks; bytes that are invalid in its encoding stay as surrogates."""
    errors = "replace" if encoding.startswith("UTF-16") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    packed: IO[bytes] = (
        open_unpacked(path.removeprefix("file:")) if content is None else unpacking(path, BytesIO(content))
    )
    with packed as file:
        first = decoder.decode(file.read(_CHUNK)).removeprefix("\ufeff")
        yield first
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _keys_of(value: bytes | None, scan: Callable[[str, int], tuple[Any, int]]) -> Sequence[str]:
    try:
        found = object_of(value.decode(), scan) if value is not None else {}
        return [key for key in found if is_text(key)]
    except (InvalidMessage, UnicodeDecodeError, RecursionError):
        return ()

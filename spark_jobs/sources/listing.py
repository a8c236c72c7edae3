"""List the files below a local path by the rules of Spark's own readers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from spark_jobs.errors import DataError, SpecError

NULL_FOLDER: Final = "__HIVE_DEFAULT_PARTITION__"
_CHOOSING: Final = ("recursiveFileLookup", "pathGlobFilter", "modifiedBefore", "modifiedAfter")


class Found(NamedTuple):
    """A file, and the partition folders above it (`year=2013/month=1`)."""

    path: Path
    partition: str = ""


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Reader options that select files: `recursiveFileLookup`, `pathGlobFilter`, `modifiedAfter`, `modifiedBefore`."""

    recursive: bool = False
    names: re.Pattern[str] | None = None
    after: float | None = None
    before: float | None = None

    def takes(self, path: Path) -> bool:
        """Return whether a file's name and modification time match; Spark compares milliseconds."""
        moment, name = path.stat().st_mtime_ns // 1_000_000, path.name
        late = self.after is None or moment > self.after * 1000
        early = self.before is None or moment < self.before * 1000
        return late and early and (self.names is None or bool(self.names.fullmatch(name)))


def choosing(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that select files, under Spark's names."""
    names = {name.casefold(): name for name in _CHOOSING}
    given = {names[name.casefold()]: value for name, value in options.items() if name.casefold() in names}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def choice_of(options: Mapping[str, Any], zone: str = "UTC") -> FileFilter:
    """Return the selection that a source's options make; `zone` applies to times without an offset.

    Raises:
        SpecError: A timestamp or a glob is malformed.
    """
    given = choosing(options)
    glob = given.get("pathGlobFilter")
    return FileFilter(
        given.get("recursiveFileLookup") == "true",
        None if glob is None else _glob(glob),
        _moment("modifiedAfter", given, zone),
        _moment("modifiedBefore", given, zone),
    )


def files_below(root: Path, choice: FileFilter) -> list[Found]:
    """Return the data files of a file or folder.

    These are the folder's own files, or the files below partition folders such as `year=2013`. With
    `recursiveFileLookup`, they are all files. Names that begin with `_` or `.` are hidden.

    Raises:
        DataError: Files lie next to partition folders, or partition folders differ: Spark would read only some.
    """
    if root.is_file():
        return [Found(root)] if choice.takes(root) else []
    found = [
        Found(path, "" if choice.recursive else partition_of(path, root))
        for path in _leaves(root, (root.resolve(),))
        if choice.takes(path)
    ]
    if not choice.recursive and not any(file.partition for file in found):
        return [file for file in found if file.path.parent == root]
    _check_partitions(found)
    return found


def unread_below(path: str | None, read: Sequence[str]) -> tuple[str, ...]:
    """Return a warning about files in subfolders that Spark does not read; nothing if all are in `read`."""
    if path is None or not (root := Path(path)).is_dir():
        return ()
    known = set(read)
    left = [file for file in _leaves(root, (root.resolve(),)) if str(file) not in known]
    if not left:
        return ()
    files = "1 file in a subfolder is" if len(left) == 1 else f"{len(left):,} files in subfolders are"
    return (f"{files} not read, such as '{left[0]}': set `source.options.recursiveFileLookup` to read all.",)


def is_hidden(name: str) -> bool:
    """Return whether Spark ignores a file or folder of that name."""
    return (name.startswith("_") and "=" not in name) or name.startswith(".") or name.endswith("._COPYING_")


def has_colon(path: str) -> bool:
    """Return whether a local file's name has a colon. Spark reads such a file only by its own path, not in a folder."""
    return "://" not in path and ":" in Path(path).name


def partition_of(path: Path, root: Path) -> str:
    """Return the partition folders between a root and a file: the last consecutive `name=value` ones."""
    try:
        folders = list(path.relative_to(root).parent.parts)
    except ValueError:
        return ""
    while folders and "=" not in folders[-1]:
        folders.pop()
    start = next((place for place in range(len(folders), 0, -1) if "=" not in folders[place - 1]), 0)
    return "/".join(folders[start:])


def partition_values(partition: str) -> dict[str, str | None]:
    """Return the partition columns with their text.

    >>> partition_values("day=2024-01-01%2000%3A00/code=__HIVE_DEFAULT_PARTITION__")
    {'day': '2024-01-01 00:00', 'code': None}
    """
    pairs = [folder.split("=", 1) for folder in partition.split("/") if folder]
    return {_unescaped(name): None if value == NULL_FOLDER else _unescaped(value) for name, value in pairs}


def partition_names(partitions: Sequence[str]) -> tuple[str, ...]:
    """Return the partition columns of several files, which all have the same ones."""
    return tuple(partition_values(next((one for one in partitions if one), "")))


def codes_among(partitions: Sequence[str], marks: Sequence[str]) -> frozenset[str]:
    """Return the partition columns that look numeric but would be written differently as numbers: `01` is not 1."""
    cells = [partition_values(partition) for partition in set(partitions)]
    names = {name for row in cells for name in row}
    texts = {name: {row[name] for row in cells if row.get(name) is not None} - set(marks) for name in names}
    return frozenset(name for name, values in texts.items() if _are_codes([text for text in values if text]))


def _are_codes(texts: Sequence[str]) -> bool:
    looks = [bool(re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text)) for text in texts]
    whole = all(re.fullmatch(r"0|-?[1-9]\d{0,17}", text) for text in texts)
    return any(looks) and not whole and not (all(looks) and all(repr(float(text)) == text for text in texts))


def _leaves(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    for child in folder.iterdir():
        if is_hidden(child.name):
            continue
        if child.is_file():
            yield child
        elif child.is_dir():
            inside = child.resolve()
            if inside in above:
                raise DataError(f"'{child}' links to one of its parent folders.", "Remove the link.")
            yield from _leaves(child, (*above, inside))


def _check_partitions(found: Sequence[Found]) -> None:
    by_names: dict[tuple[str, ...], Path] = {}
    for file in found:
        by_names.setdefault(tuple(partition_values(file.partition)), file.path)
    if len(by_names) > 1:
        (one, first), (other, second) = sorted(by_names.items())[:2]
        listed = [", ".join(f"{name}=…" for name in names) or "no column" for names in (one, other)]
        raise DataError(
            f"Partition folders have different columns: {listed[0]} for '{first}', {listed[1]} for '{second}'.",
            "Move the files, use a glob that excludes some, or set `source.options.recursiveFileLookup`.",
        )


def _unescaped(text: str) -> str:
    """Decode a folder name as Spark writes it: a special character is `%` and two hexadecimal digits."""
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda code: chr(int(code[1], 16)), text)


def _moment(name: str, given: Mapping[str, str], zone: str) -> float | None:
    if name not in given:
        return None
    try:
        moment = datetime.fromisoformat(given[name])
    except ValueError:
        raise SpecError(
            f"`source.options.{name}` must be a timestamp. Got '{given[name]}'.",
            "Use a value such as 2024-01-31T12:00:00.",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()


def _glob(text: str) -> re.Pattern[str]:
    """Translate a Hadoop glob to a regular expression.

    It supports `*`, `?`, `[a-c]`, `{a,b}`, and a backslash before a literal character.
    """
    tokens = re.findall(r"\\.|\[[!^]?[^\]]+\]|.", text, re.DOTALL)
    depth, regex = 0, ""
    for token in tokens:
        if token == "{":
            depth, regex = depth + 1, regex + "(?:"
        elif depth and token in "},":
            depth, regex = depth - (token == "}"), regex + (")" if token == "}" else "|")
        elif len(token) > 1 and token[0] == "[":
            regex += "[" + token[1:].replace("!", "^", 1 if token[1] == "!" else 0).replace("\\", "\\\\")
        else:
            regex += {"*": ".*", "?": "."}.get(token, re.escape(token[-1]))
    if depth:
        raise SpecError(f"`source.options.pathGlobFilter` has an unclosed brace: '{text}'.", "Close it with `}`.")
    return re.compile(regex, re.DOTALL)

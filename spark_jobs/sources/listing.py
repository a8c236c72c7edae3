"""Which files lie below a path of this machine, by the rules of Spark's own readers."""

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
    """A file, and the folders above it that stand for columns (`year=2013/month=1`)."""

    path: Path
    partition: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The reader options that choose files: `recursiveFileLookup`, `pathGlobFilter`, `modifiedAfter` and `-Before`."""

    recursive: bool = False
    names: re.Pattern[str] | None = None
    after: float | None = None
    before: float | None = None

    def takes(self, path: Path) -> bool:
        """Whether a file is read, by its name and when it changed; Spark counts milliseconds."""
        moment, name = path.stat().st_mtime_ns // 1_000_000, path.name
        late = self.after is None or moment > self.after * 1000
        early = self.before is None or moment < self.before * 1000
        return late and early and (self.names is None or bool(self.names.fullmatch(name)))


def choosing(options: Mapping[str, Any]) -> dict[str, str]:
    """Those of a source's options that choose files, under Spark's own names."""
    names = {name.casefold(): name for name in _CHOOSING}
    given = {names[name.casefold()]: value for name, value in options.items() if name.casefold() in names}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def choice_of(options: Mapping[str, Any], zone: str = "UTC") -> Choice:
    """The choice that a source's options make.

    Raises:
        SpecError: a moment or a glob cannot be read.
    """
    given = choosing(options)
    glob = given.get("pathGlobFilter")
    return Choice(
        given.get("recursiveFileLookup") == "true",
        None if glob is None else _glob(glob),
        _moment("modifiedAfter", given, zone),
        _moment("modifiedBefore", given, zone),
    )


def files_below(root: Path, choice: Choice) -> list[Found]:
    """The data files of a file or folder.

    A folder's own files; where folders such as `year=2013` stand for columns, those below them; all with
    `recursiveFileLookup`. Names that begin with `_` or `.` are hidden.

    Raises:
        DataError: files lie beside partition folders, or partition folders have several names: Spark reads some only.
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
    """What to tell of files in subfolders of a path that Spark does not read; nothing where all are `read`."""
    if path is None or not (root := Path(path)).is_dir():
        return ()
    known = set(read)
    left = [file for file in _leaves(root, (root.resolve(),)) if str(file) not in known]
    if not left:
        return ()
    files = "1 file in a subfolder is" if len(left) == 1 else f"{len(left):,} files in subfolders are"
    return (f"{files} not read, such as '{left[0]}': set `source.options.recursiveFileLookup` to read all.",)


def is_hidden(name: str) -> bool:
    """Whether Spark takes no file or folder of that name for data."""
    return (name.startswith("_") and "=" not in name) or name.startswith(".") or name.endswith("._COPYING_")


def has_colon(path: str) -> bool:
    """Whether the name of a file of this machine has a colon: Spark reads such a file by its path, not in a folder."""
    return "://" not in path and ":" in Path(path).name


def partition_of(path: Path, root: Path) -> str:
    """The folders between a root and a file that stand for columns: the last `name=value` ones in a row."""
    try:
        folders = list(path.relative_to(root).parent.parts)
    except ValueError:
        return ""
    while folders and "=" not in folders[-1]:
        folders.pop()
    start = next((place for place in range(len(folders), 0, -1) if "=" not in folders[place - 1]), 0)
    return "/".join(folders[start:])


def partition_values(partition: str) -> dict[str, str | None]:
    """The columns that folders stand for, with their text.

    >>> partition_values("day=2024-01-01%2000%3A00/code=__HIVE_DEFAULT_PARTITION__")
    {'day': '2024-01-01 00:00', 'code': None}
    """
    pairs = [folder.split("=", 1) for folder in partition.split("/") if folder]
    return {_unescaped(name): None if value == NULL_FOLDER else _unescaped(value) for name, value in pairs}


def partition_names(partitions: Sequence[str]) -> tuple[str, ...]:
    """The columns that the folders of several files stand for; all have the same."""
    return tuple(partition_values(next((one for one in partitions if one), "")))


def codes_among(partitions: Sequence[str], marks: Sequence[str]) -> frozenset[str]:
    """The columns whose folders look like numbers and would not be written so again: `01` is not 1."""
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
                raise DataError(f"'{child}' links to a folder above it.", "Take the link out of the folder.")
            yield from _leaves(child, (*above, inside))


def _check_partitions(found: Sequence[Found]) -> None:
    by_names: dict[tuple[str, ...], Path] = {}
    for file in found:
        by_names.setdefault(tuple(partition_values(file.partition)), file.path)
    if len(by_names) > 1:
        (one, first), (other, second) = sorted(by_names.items())[:2]
        listed = [", ".join(f"{name}=…" for name in names) or "no column" for names in (one, other)]
        raise DataError(
            f"Folders do not stand for the same columns: {listed[0]} for '{first}', {listed[1]} for '{second}'.",
            "Move the files, name a glob that leaves some out, or set `source.options.recursiveFileLookup`.",
        )


def _unescaped(text: str) -> str:
    """Folder names as Spark writes them: a special character is `%` and two hexadecimal digits."""
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda code: chr(int(code[1], 16)), text)


def _moment(name: str, given: Mapping[str, str], zone: str) -> float | None:
    if name not in given:
        return None
    try:
        moment = datetime.fromisoformat(given[name])
    except ValueError:
        raise SpecError(
            f"`source.options.{name}` must be a moment. Got '{given[name]}'.", "Such as 2024-01-31T12:00:00."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()


def _glob(text: str) -> re.Pattern[str]:
    """A name's pattern as Hadoop reads it: `*`, `?`, `[a-c]`, `{a,b}`, and a backslash before a plain character."""
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
        raise SpecError(f"`source.options.pathGlobFilter` leaves a brace open: '{text}'.", "Close it with `}`.")
    return re.compile(regex, re.DOTALL)

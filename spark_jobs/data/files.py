"""The files behind a path: which there are, how they begin, and whether they changed."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from glob import glob, has_magic
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlparse

from pyspark.errors import PySparkException
from pyspark.sql import DataFrameReader, SparkSession

from spark_jobs.data.packing import opened
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.spec.endings import kind_of, packing
from spark_jobs.spec.models import Source

HEAD: Final = 262_144


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file: its path, size in bytes, and time of change in nanoseconds. `local` where Python can open it.

    `partition` are the folders below the source's that stand for columns, such as `year=2013/month=1`.
    """

    path: str
    size: int
    changed: int
    local: bool = True
    partition: str = ""

    @property
    def plain(self) -> bool:
        """Whether Python can open it and finds its text as it is."""
        return self.local and packing(self.path) is None

    @property
    def content(self) -> str:
        """What two files share only where they hold the same: the SHA-256, or where Python cannot open it its listing.

        Raises:
            DataError: it cannot be read any more.
        """
        return (
            _content(self.path, self.size, self.changed)
            if self.local
            else fingerprint([self.path, self.size, self.changed])
        )

    def told(self) -> dict[str, object]:
        """What the ledger keeps of it."""
        about = {"path": self.path, "bytes": self.size, "changed": self.changed}
        return {**about, "sha256": self.content, "local": self.local}

    def head(self, size: int = HEAD) -> bytes:
        """Its first bytes, unpacked."""
        try:
            with opened(self.path) as file:
                return bytes(file.read(size))
        except (OSError, EOFError, zlib.error) as broken:
            raise DataError(f"'{self.path}' cannot be read: {broken}.", "Fetch the file again, or unpack it.") from None


class Chosen(Source):
    """A source of whose files some alone are read."""

    files: tuple[str, ...]


def chosen(source: Source, paths: tuple[str, ...]) -> Chosen:
    """The source with those of its files alone."""
    return Chosen.model_construct(**{**dict(source), "files": paths})


class Place(NamedTuple):
    """What Spark is told to read, and below which folder others stand for columns, where it does not see that."""

    paths: list[str]
    base: str | None = None

    def reader(self, spark: SparkSession) -> DataFrameReader:
        """A reader for the paths."""
        return spark.read if self.base is None else spark.read.option("basePath", self.base)


@lru_cache(maxsize=100_000)
def _content(path: str, size: int, changed: int) -> str:
    try:
        with open(path, "rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as broken:
        raise DataError(f"'{path}' cannot be read: {broken.strerror}.", "Fetch the file again.") from None


def find_files(path: str, spark: SparkSession) -> tuple[DataFile, ...]:
    """The data files of a file, folder or glob, by name; hidden ones (`_`, `.`) are not data.

    Raises:
        DataError: there is no such file, or the folder holds none.
    """
    found = local_files(path)
    if found is None:
        found = _by_name(_listed(path, spark))
    if not found:
        raise DataError(f"'{path}' holds no data file.", "Name the file, or a glob that matches some.")
    return found


def files_of(source: Source, spark: SparkSession) -> tuple[DataFile, ...]:
    """The data files of a source, by name.

    Raises:
        DataError: there are none.
    """
    found = find_files(str(source.path), spark)
    return tuple(file for file in found if file.path in source.files) if isinstance(source, Chosen) else found


def place_of(source: Source) -> Place:
    """Where Spark finds the files of a source."""
    if not isinstance(source, Chosen):
        return Place([pattern(str(source.path))])
    whole = location(str(source.path))
    local = whole.startswith("file:")
    paths = [_escaped(f"file:{os.path.abspath(path)}" if local else path) for path in source.files]
    return Place(paths, whole if local and os.path.isdir(whole.removeprefix("file:")) else None)


def _escaped(path: str) -> str:
    """A path that Spark does not take for a pattern."""
    return re.sub(r"([{}\[\]*?\\])", r"\\\1", path)


def local_files(path: str) -> tuple[DataFile, ...] | None:
    """The data files of a path of this machine, by name; None where it is another's or there is nothing."""
    local = _local(path)
    if local is None or not _there(local):
        return None
    paths = [local] if os.path.exists(local) else glob(local)
    return _by_name(file for path in paths for file in _inside(Path(path)))


def _by_name(files: Iterable[DataFile]) -> tuple[DataFile, ...]:
    return tuple(sorted(files, key=lambda file: file.path))


def location(path: str) -> str:
    """The path as Spark takes it: a local one made absolute, so that the current folder of the driver counts."""
    local = _local(path)
    return f"file:{os.path.abspath(local)}" if local is not None and _there(local) else path


def pattern(path: str) -> str:
    """The path as Spark's readers of files take it: what is there under this very name is no pattern."""
    local = _local(path)
    place = location(path)
    return _escaped(place) if local is not None and os.path.exists(local) else place


def fingerprint(parts: Iterable[object]) -> str:
    """A short hash that differs when any of the parts does."""
    return sha256("\n".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def fingerprint_of(files: Sequence[DataFile]) -> str:
    """The fingerprint of files by what they hold, wherever they lie and whatever they are called."""
    return fingerprint(sorted((file.partition, file.size, file.content) for file in files if file.size))


def reads_of(source: Source, files: Sequence[DataFile]) -> dict[str, object]:
    """What the ledger keeps of files that are scored as they arrive."""
    if not source.landing:
        return {}
    return {"files": [file.told() for file in files if file.size]}


def kind_of_files(files: Sequence[DataFile], path: str) -> str:
    """The kind of source that the files' extensions tell.

    Raises:
        DataError: they tell none, or several.
    """
    kinds = {kind_of(file.path) for file in files}
    if len(kinds) == 1 and (kind := kinds.pop()):
        return kind
    names = ", ".join(sorted({f"'{Path(file.path).name}'" for file in files})[:5])
    raise DataError(f"The kind of '{path}' cannot be told from {names}.", "Say it: `source: {kind: csv, path: …}`.")


def _local(path: str) -> str | None:
    url = urlparse(path)
    if (len(url.scheme) > 1 and "://" in path) or path.startswith("file:"):
        return unquote(url.path) if url.scheme == "file" else None
    return path


def _there(local: str) -> bool:
    return os.path.exists(local) or (has_magic(local) and bool(glob(local)))


def _inside(path: Path, partition: str = "") -> list[DataFile]:
    if path.is_file():
        return [_data_file(path, partition)]
    shown = [child for child in path.iterdir() if child.name[0] not in "_."]
    files = [_data_file(child, partition) for child in shown if child.is_file()]
    folders = [child for child in shown if child.is_dir() and "=" in child.name]
    return files + [file for folder in folders for file in _inside(folder, f"{partition}/{folder.name}".lstrip("/"))]


def _data_file(path: Path, partition: str) -> DataFile:
    stat = path.stat()
    return DataFile(str(path), stat.st_size, stat.st_mtime_ns, partition=partition)


def _listed(path: str, spark: SparkSession) -> list[DataFile]:
    """The files as Spark lists them, where Python cannot see them."""
    try:
        listing = spark.read.format("binaryFile").load(path).select("path", "length", "modificationTime").collect()
    except PySparkException as refused:
        raise missing(path) from refused
    return [DataFile(row[0], row[1], int(row[2].timestamp() * 1e9), local=False) for row in listing]


def is_absent(path: str) -> bool:
    """Whether the path is one of this machine and there is nothing at it."""
    local = _local(path)
    return local is not None and not _there(local)


def missing(path: str) -> DataError:
    """What to say of a path that is not there: the nearest name beside it."""
    local = Path(_local(path) or path)
    siblings = [child.name for child in local.parent.iterdir()] if local.parent.is_dir() else []
    advice = did_you_mean(local.name, siblings) or "Check `source.path`; it is relative to the current folder."
    return DataError(f"There is no file or folder '{path}'.", advice)

"""The files behind a path: their list, their first bytes, and their fingerprint."""

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

from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.formats.unpacking import open_unpacked
from spark_jobs.sources.listing import (
    FileFilter,
    choice_of,
    choosing,
    files_below,
    has_colon,
    is_hidden,
    partition_names,
    partition_of,
    unread_below,
)
from spark_jobs.spec.endings import packing
from spark_jobs.spec.models import Source
from spark_jobs.spec.source_keys import kind_of_path

HEAD: Final = 262_144
# Hadoop stores a local file's checksum in a second file, and cannot build that file's name if it has a colon.
_WITH_COLON: Final = {
    "fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "fs.file.impl.disable.cache": "true",
}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file: its path, size in bytes, and modification time in nanoseconds. `local` means that Python can open it.

    `partition` are the partition folders between the source's path and the file, such as `year=2013/month=1`.
    """

    path: str
    size: int
    changed: int
    local: bool = True
    partition: str = ""

    @property
    def plain(self) -> bool:
        """Return whether Python can open the file and it is not compressed."""
        return self.local and packing(self.path) is None

    @property
    def content(self) -> str:
        """Return the SHA-256 of the content; for a remote file, a hash of its path, size and modification time.

        Raises:
            DataError: The file can no longer be read.
        """
        return (
            _content(self.path, self.size, self.changed)
            if self.local
            else fingerprint([self.path, self.size, self.changed])
        )

    def told(self) -> dict[str, object]:
        """Return what the ledger stores about the file."""
        about = {"path": self.path, "bytes": self.size, "changed": self.changed}
        return {**about, "sha256": self.content, "local": self.local}

    def head(self, size: int = HEAD) -> bytes:
        """Return the first bytes, decompressed."""
        try:
            with open_unpacked(self.path) as file:
                return bytes(file.read(size))
        except (OSError, EOFError, zlib.error) as broken:
            raise DataError(f"'{self.path}' cannot be read: {broken}.", "Fetch it again, or decompress it.") from None


class Chosen(Source):
    """A source of which only some files are read."""

    files: tuple[DataFile, ...]


def chosen(source: Source, files: Sequence[DataFile]) -> Chosen:
    """Return the source, limited to `files`."""
    return Chosen.model_construct(**{**dict(source), "files": tuple(files)})


class Place(NamedTuple):
    """The paths that Spark reads, and the base path of partition folders if Spark cannot infer it.

    `partitions` are the partition columns. A reader with a schema must declare them as text. Otherwise Spark infers
    their types from the folders of each read, and `code=01` becomes 1.
    """

    paths: list[str]
    base: str | None = None
    partitions: tuple[str, ...] = ()

    def reader(self, spark: SparkSession) -> DataFrameReader:
        """Return a reader for the paths."""
        reader = spark.read if self.base is None else spark.read.option("basePath", self.base)
        return reader.options(**_WITH_COLON) if any(map(has_colon, self.paths)) else reader


@lru_cache(maxsize=100_000)
def _content(path: str, size: int, changed: int) -> str:
    try:
        with open(path, "rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as broken:
        raise DataError(f"'{path}' cannot be read: {broken.strerror}.", "Fetch the file again.") from None


def files_of(source: Source, spark: SparkSession) -> tuple[DataFile, ...]:
    """Return the data files of a source, sorted by path; hidden ones (`_`, `.`) are not data.

    Exactly these files are read, fingerprinted and compared.

    Raises:
        DataError: The file does not exist, or the folder has none.
    """
    if isinstance(source, Chosen):
        return source.files
    found = local_files(source, spark.conf.get("spark.sql.session.timeZone") or "UTC")
    if found is None:
        found = _by_name(_listed(source, spark))
    if not found:
        chosen_by = " and ".join(f"`{name}`" for name in choosing(source.options))
        cause = f"'{source.path}' contains no data file" + (f" that {chosen_by} selects." if chosen_by else ".")
        raise DataError(cause, "Name a file, or a glob that matches some.")
    return found


def unread_of(source: Source, files: Sequence[DataFile]) -> tuple[str, ...]:
    """Return a warning about files below a source's folder that are not read."""
    part = isinstance(source, Chosen) or bool(choosing(source.options))
    return () if part else unread_below(local_path(str(source.path)), [file.path for file in files])


def place_of(source: Source, files: Sequence[DataFile] = ()) -> Place:
    """Return where Spark finds the files of a source: the folder, or each file if only some are read."""
    apart = choosing(source.options) or any(has_colon(file.path) for file in files)
    if isinstance(source, Chosen) or (files and apart):
        return place_of_files(source, source.files if isinstance(source, Chosen) else files)
    return Place([glob_pattern(str(source.path))], None, partition_names([file.partition for file in files]))


def place_of_files(source: Source, files: Sequence[DataFile]) -> Place:
    """Return where Spark finds these files of a source, each by its path.

    Raises:
        DataError: Spark cannot address one of them.
    """
    partitions = partition_names([file.partition for file in files])
    paths = [_escaped(_plain(file)) for file in files]
    for file, path in zip(files, paths, strict=True):
        if has_colon(path) and path != _plain(file):  # Spark treats it as a glob, which may not have a colon
            raise DataError(f"Spark cannot read '{file.path}': it has a colon and one of {{}}[]*?.", "Rename it.")
    return Place(paths, location(str(source.path)) if partitions else None, partitions)


def _plain(file: DataFile) -> str:
    return f"file:{os.path.abspath(file.path)}" if file.local else file.path


def _escaped(path: str) -> str:
    """Escape a path so that Spark does not treat it as a glob."""
    return re.sub(r"([{}\[\]*?\\])", r"\\\1", path)


def local_files(source: Source, zone: str = "UTC") -> tuple[DataFile, ...] | None:
    """Return the data files of a local path, sorted by path; None if the path is remote or does not exist.

    Raises:
        DataError: Spark ignores the file, because its name is hidden.
    """
    local = local_path(str(source.path))
    if local is None or not _there(local):
        return None
    if os.path.isfile(local) and is_hidden(Path(local).name):
        cause = f"Spark does not read '{local}': it ignores names that begin with `_` or `.`."
        raise DataError(cause, "Rename the file.")
    choice = choice_of(source.options, zone)
    paths = [Path(local)] if os.path.exists(local) else [Path(path) for path in glob(local)]
    seen = [path for path in paths if not (path.is_file() and is_hidden(path.name))]
    return _by_name(file for path in seen for file in _inside(path, choice))


def _by_name(files: Iterable[DataFile]) -> tuple[DataFile, ...]:
    return tuple(sorted(files, key=lambda file: file.path))


def location(path: str) -> str:
    """Return the path for Spark; a local one is absolute, so that it is relative to the driver's current folder."""
    local = local_path(path)
    return f"file:{os.path.abspath(local)}" if local is not None and _there(local) else path


def glob_pattern(path: str) -> str:
    """Return the path for Spark's file readers; an existing path is escaped, so that it is not treated as a glob."""
    local = local_path(path)
    place = location(path)
    return _escaped(place) if local is not None and os.path.exists(local) else place


def fingerprint(parts: Iterable[object]) -> str:
    """Return a short hash that differs if any of the parts differs."""
    return sha256("\n".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def fingerprint_of(files: Sequence[DataFile]) -> str:
    """Return the fingerprint of files by their content, independent of their paths."""
    return fingerprint(sorted((file.partition, file.size, file.content) for file in files if file.size))


def reads_of(source: Source, files: Sequence[DataFile]) -> dict[str, object]:
    """Return what the ledger stores about files that are scored as they arrive."""
    if not source.landing:
        return {}
    return {"files": [file.told() for file in files if file.size]}


def kind_of_files(files: Sequence[DataFile], path: str) -> str:
    """Return the kind of source that the files' extensions imply.

    Raises:
        DataError: They imply none, or several.
    """
    kinds = {kind_of_path(file.path) for file in files}
    if len(kinds) == 1 and (kind := kinds.pop()):
        return kind
    names = ", ".join(sorted({f"'{Path(file.path).name}'" for file in files})[:5])
    raise DataError(f"The kind of '{path}' is not clear from {names}.", "Set it: `source: {kind: csv, path: …}`.")


def local_path(path: str) -> str | None:
    """Return the path for Python; None if it is not local."""
    url = urlparse(path)
    if (len(url.scheme) > 1 and "://" in path) or path.startswith("file:"):
        return unquote(url.path) if url.scheme == "file" else None
    return path


def _there(local: str) -> bool:
    return os.path.exists(local) or (has_magic(local) and bool(glob(local)))


def _inside(path: Path, choice: FileFilter) -> list[DataFile]:
    return [data_file(file.path, file.partition) for file in files_below(path, choice)]


def data_file(path: Path, partition: str) -> DataFile:
    """Return a local file with its current size and modification time."""
    stat = path.stat()
    return DataFile(str(path), stat.st_size, stat.st_mtime_ns, partition=partition)


def _listed(source: Source, spark: SparkSession) -> list[DataFile]:
    """List the files through Spark, if Python cannot see them."""
    path, options = str(source.path), choosing(source.options)
    reader = spark.read.format("binaryFile").options(**options)
    try:
        listing = reader.load(path).select("path", "length", "modificationTime").collect()
    except PySparkException as refused:
        raise no_such_path(path) from refused
    flat = options.get("recursiveFileLookup") == "true" or has_magic(path)
    return [
        DataFile(
            row[0], row[1], int(row[2].timestamp() * 1e9), False, "" if flat else partition_of(Path(row[0]), Path(path))
        )
        for row in listing
    ]


def is_absent(path: str) -> bool:
    """Return whether a local path does not exist; False for a remote path."""
    local = local_path(path)
    return local is not None and not _there(local)


def no_such_path(path: str) -> DataError:
    """Return the error for a path that does not exist, with the closest name in its folder."""
    local = Path(local_path(path) or path)
    siblings = [child.name for child in local.parent.iterdir()] if local.parent.is_dir() else []
    advice = did_you_mean(local.name, siblings) or "Check `source.path`; it is relative to the current folder."
    return DataError(f"There is no file or folder '{path}'.", advice)

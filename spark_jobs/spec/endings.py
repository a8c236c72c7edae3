"""What the endings of a file's name tell: the kind of its content, and how it is packed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

FileKind = Literal["csv", "json", "parquet"]
KIND_BY_ENDING: Final[Mapping[str, FileKind]] = {
    **dict.fromkeys(("csv", "tsv", "txt", "tab", "psv", "dat"), "csv"),
    **dict.fromkeys(("json", "jsonl", "ndjson"), "json"),
    **dict.fromkeys(("parquet", "pq", "parq"), "parquet"),
}
# How a file may be packed, by its ending: those that Spark and Python both unpack, and those that are refused by name.
READ: Final[Mapping[str, str]] = {"gz": "gzip", "bz2": "bzip2", "deflate": "zlib"}
REFUSED: Final[Mapping[str, str]] = {
    "zst": "Zstandard",
    "zstd": "Zstandard",
    "lz4": "LZ4",
    "lzo": "LZO",
    "snappy": "Snappy",
    "sz": "Snappy",
    "br": "Brotli",
    "xz": "XZ",
    "lzma": "LZMA",
    "z": "compress",
    "zip": "ZIP",
    "7z": "7-Zip",
    "rar": "RAR",
    "tar": "tar",
    "tgz": "tar and gzip",
}
PACKED: Final[Mapping[str, str]] = {**READ, **REFUSED}
# The first bytes of packed files, whatever they are called.
MAGIC: Final[Mapping[bytes, str]] = {
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\x28\xb5\x2f\xfd": "zst",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
    b"\xff\x06\x00\x00sNaPpY": "snappy",
    b"\x1f\x9d": "z",
}


def packing(path: str) -> str | None:
    """How a file is packed, by its ending; None where it is not.

    >>> packing("data/flights.csv.GZ")
    'gz'
    """
    ending = _ending(path)
    return ending if ending in PACKED else None


def unpacked_name(path: str) -> str:
    """The name without the endings that tell how it is packed.

    >>> unpacked_name("data/flights.tar.gz")
    'data/flights'
    """
    while (ending := packing(path)) is not None:
        path = path[: -len(ending) - 1]
    return path


def kind_of(path: str) -> FileKind | None:
    """The kind of file that a path's ending tells, or None where only the files can tell.

    >>> kind_of("data/flights.tsv.bz2")
    'csv'
    """
    return KIND_BY_ENDING.get(_ending(unpacked_name(path.removesuffix("/"))))


def stem(file_name: str) -> str:
    """The file's name without its endings.

    >>> stem("open.payments.csv.gz")
    'open.payments'
    """
    return re.sub(r"\.[A-Za-z0-9]{1,8}$", "", unpacked_name(file_name))


def _ending(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""

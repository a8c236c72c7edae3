"""File name extensions, and the compression codecs that they imply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# Compression codecs by extension: those that Spark and Python both decompress, and those that are refused.
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
# Magic bytes of compressed files, which identify the codec whatever the file's extension is.
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
    """Return a file's compression extension, or None if the file name has none.

    >>> packing("data/flights.csv.GZ")
    'gz'
    """
    ending = _last_extension(path)
    return ending if ending in PACKED else None


def unpacked_name(path: str) -> str:
    """Return a file name without its compression extensions.

    >>> unpacked_name("data/flights.tar.gz")
    'data/flights'
    """
    while (ending := packing(path)) is not None:
        path = path[: -len(ending) - 1]
    return path


def ending_of(path: str) -> str:
    """Return a path's extension in lowercase, compression extensions aside; empty if it has none.

    >>> ending_of("data/flights.TSV.bz2")
    'tsv'
    """
    return _last_extension(unpacked_name(path.removesuffix("/")))


def stem(file_name: str) -> str:
    """Return a file name without its extensions.

    >>> stem("open.payments.csv.gz")
    'open.payments'
    """
    return re.sub(r"\.[A-Za-z0-9]{1,8}$", "", unpacked_name(file_name))


def _last_extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""

"""Decompression of local files while they are read."""

from __future__ import annotations

import bz2
import gzip
import zlib
from io import BytesIO
from typing import IO, cast

from spark_jobs.spec.endings import packing


def open_unpacked(path: str) -> IO[bytes]:
    """Open a local file for reading, decompressed."""
    return unpacking(path, open(path, "rb"))


def unpacking(path: str, file: IO[bytes]) -> IO[bytes]:
    """Return a decompressing reader of `file`; the extension of `path` determines the format."""
    form = packing(path)
    if form == "deflate":
        return BytesIO(zlib.decompress(file.read()))
    if form == "gz":
        return cast("IO[bytes]", gzip.open(file, "rb"))
    return cast("IO[bytes]", bz2.open(file, "rb")) if form == "bz2" else file

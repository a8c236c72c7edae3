"""Packed files, unpacked while they are read on this machine."""

from __future__ import annotations

import bz2
import gzip
import zlib
from io import BytesIO
from typing import IO, cast

from spark_jobs.spec.endings import packing


def opened(path: str) -> IO[bytes]:
    """A file of this machine, to be read unpacked."""
    return unpacking(path, open(path, "rb"))


def unpacking(path: str, file: IO[bytes]) -> IO[bytes]:
    """The content of a file that is packed as its name says, unpacked while it is read."""
    form = packing(path)
    if form == "deflate":
        return BytesIO(zlib.decompress(file.read()))
    if form == "gz":
        return cast("IO[bytes]", gzip.open(file, "rb"))
    return cast("IO[bytes]", bz2.open(file, "rb")) if form == "bz2" else file

"""Compressed files: which ones can be read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from spark_jobs.errors import DataError
from spark_jobs.sources.files import DataFile
from spark_jobs.spec.endings import MAGIC, PACKED, REFUSED, packing


def packing_problem(file: DataFile) -> str | None:
    """Return why a compressed text file cannot be read; None if it can.

    Spark may not support the format, or the format may not match the file's extension.
    """
    said = packing(file.path)
    if said is not None and said in REFUSED:
        return f"'{file.path}' is compressed with {REFUSED[said]}, which is not supported."
    if not file.local or not file.size:
        return None
    found = _packing_of(file)
    if said is not None and not file.path.endswith(f".{said}"):
        return f"'{file.path}' is compressed, and its name must end in `.{said}`, in lowercase."
    if found is None or found == said or said is not None:
        return None
    return f"'{file.path}' is compressed with {PACKED[found]}, but its name does not say so."


def check_packed(files: Iterable[DataFile]) -> None:
    """Refuse a compressed text file that cannot be read.

    Raises:
        DataError: With the file's name.
    """
    for file in files:
        if why := packing_problem(file):
            raise DataError(why, "Decompress it, or compress it with gzip and end its name in `.gz`.")


def _packing_of(file: DataFile) -> str | None:
    """Return the compression format of a local file, from its first bytes."""
    with suppress(OSError), open(file.path, "rb") as content:
        head = content.read(max(map(len, MAGIC)))
        return next((form for magic, form in MAGIC.items() if head.startswith(magic)), None)
    return None

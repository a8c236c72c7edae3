"""Packed files: which can be read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from spark_jobs.errors import DataError
from spark_jobs.sources.files import DataFile
from spark_jobs.spec.endings import MAGIC, PACKED, REFUSED, packing


def packing_problem(file: DataFile) -> str | None:
    """What keeps a packed file of text from being read; None where nothing does.

    It may be packed in a way that Spark cannot unpack here, or otherwise than its name says.
    """
    said = packing(file.path)
    if said is not None and said in REFUSED:
        return f"'{file.path}' is packed with {REFUSED[said]}, which cannot be read."
    if not file.local or not file.size:
        return None
    found = _packing_of(file)
    if said is not None and not file.path.endswith(f".{said}"):
        return f"'{file.path}' is packed, and its name must end in `.{said}`, in small letters."
    if found is None or found == said or said is not None:
        return None
    return f"'{file.path}' is packed with {PACKED[found]}, and its name does not say so."


def check_packed(files: Iterable[DataFile]) -> None:
    """Refuses a packed file of text that cannot be read.

    Raises:
        DataError: with the file's name.
    """
    for file in files:
        if why := packing_problem(file):
            raise DataError(why, "Unpack it, or pack it with gzip under a name that ends in `.gz`.")


def _packing_of(file: DataFile) -> str | None:
    """How a file of this machine is packed, by its first bytes."""
    with suppress(OSError), open(file.path, "rb") as content:
        head = content.read(max(map(len, MAGIC)))
        return next((form for magic, form in MAGIC.items() if head.startswith(magic)), None)
    return None

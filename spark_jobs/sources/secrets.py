"""Secrets by reference: a spec says where one is and never holds it."""

from __future__ import annotations

import os
from pathlib import Path

from spark_jobs.errors import SpecError

_MOST_BYTES = 65_536


def resolve(reference: str, key: str = "source.password") -> str:
    """The secret that `env:NAME` or `file:PATH` leads to; `key` is the key of the spec that says so.

    Raises:
        SpecError: there is no such variable or file, or it is empty. The secret itself is in no message.
    """
    kind, _, place = reference.partition(":")
    return _of_variable(place, key) if kind == "env" else _of_file(place, key)


def resolved(text: str, key: str = "source.user") -> str:
    """A value that may be a reference, and stands for itself where it is none.

    Raises:
        SpecError: as `resolve`.
    """
    return resolve(text, key) if text.startswith(("env:", "file:")) else text


def _of_variable(name: str, key: str) -> str:
    found = os.environ.get(name)
    if not found:
        what = "is empty" if found == "" else "is not set"
        raise SpecError(f"`{key}` is env:{name}, and that variable {what}.", f"Set it: export {name}=…")
    return found


def _of_file(place: str, key: str) -> str:
    advice = "Name a file that holds the secret alone, and that this user may read."
    try:
        with Path(place).expanduser().open("rb") as file:
            found = file.read(_MOST_BYTES).decode("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SpecError(f"`{key}` is file:{place}, which cannot be read: {reason}.", advice) from None
    if not found:
        raise SpecError(f"`{key}` is file:{place}, and that file is empty.", advice)
    return found

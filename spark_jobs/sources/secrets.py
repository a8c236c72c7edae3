"""Secrets by reference: a spec names an environment variable or a file, and never contains the secret itself."""

from __future__ import annotations

import os
from pathlib import Path

from spark_jobs.errors import SpecError

_MOST_BYTES = 65_536


def resolve_secret(reference: str, key: str = "source.password") -> str:
    """Return the secret that `env:NAME` or `file:PATH` refers to. Messages never contain the secret.

    Args:
        reference: The reference.
        key: The key of the spec that has the reference, for messages.

    Raises:
        SpecError: The variable or file does not exist, is empty, or cannot be read.
    """
    kind, _, place = reference.partition(":")
    return _of_variable(place, key) if kind == "env" else _of_file(place, key)


def resolved(text: str, key: str = "source.user") -> str:
    """Return the secret if `text` is a reference; otherwise return `text` itself.

    Raises:
        SpecError: As for `resolve_secret`.
    """
    return resolve_secret(text, key) if text.startswith(("env:", "file:")) else text


def _of_variable(name: str, key: str) -> str:
    found = os.environ.get(name)
    if not found:
        what = "is empty" if found == "" else "is not set"
        raise SpecError(f"`{key}` is env:{name}, but that variable {what}.", f"Set it: export {name}=…")
    return found


def _of_file(place: str, key: str) -> str:
    advice = "Name a file that contains only the secret and that this user may read."
    try:
        with Path(place).expanduser().open("rb") as file:
            found = file.read(_MOST_BYTES).decode("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise SpecError(f"`{key}` is file:{place}, which cannot be read: {reason}.", advice) from None
    if not found:
        raise SpecError(f"`{key}` is file:{place}, but that file is empty.", advice)
    return found

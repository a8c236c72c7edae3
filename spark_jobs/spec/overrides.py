"""`--set path.to.key=value`: changes to a spec from the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from spark_jobs.errors import SpecError
from spark_jobs.spec.mistakes import dotted
from spark_jobs.spec.yaml12 import KeyPath, plain, read_yaml

SEGMENT = re.compile(r"""\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|`((?:[^`]|``)*)`|([^.="'`]+))\s*""")
ADVICE = "Write --set path.to.key=value; quote a name with dots: --set 'features.per_column.\"a.b\".numeric=none'."


def overridden(data: dict[str, Any], overrides: Iterable[str]) -> tuple[dict[str, Any], set[KeyPath]]:
    """The data with the overrides in place, later ones winning, and the key paths they set.

    Raises:
        SpecError: an override that is not `path=value`, or whose path runs through something that is no mapping.
    """
    data = deepcopy(data)
    paths: set[KeyPath] = set()
    for override in overrides:
        path, value = parse(override)
        _put(data, path, value)
        paths.add(path)
    return data, paths


def parse(override: str) -> tuple[tuple[str, ...], object]:
    r"""The key path and the value of one override.

    A value that begins with a quote or a bracket is read as YAML; anything else is one plain scalar, as it stands.

    >>> parse('features.per_column."a.b".numeric=none')
    (('features', 'per_column', 'a.b', 'numeric'), 'none')
    """
    if "\0" in override or any("\ud800" <= character <= "\udfff" for character in override):
        shown = override[:80].encode("ascii", "backslashreplace").decode()
        raise SpecError(f"`--set {shown}` holds a character that is no text.", "Remove it; set the terminal to UTF-8.")
    parts: list[str] = []
    end = 0
    while found := SEGMENT.match(override, end):
        parts.append(_unquoted(found))
        end = found.end()
        if override[end : end + 1] != ".":
            break
        end += 1
    if not parts or override[end : end + 1] != "=" or not all(parts):
        raise SpecError(f"`--set {override[:80]}` is not an override.", ADVICE)
    return tuple(parts), _value(override[end + 1 :].strip(), f"--set {dotted(tuple(parts))}")


def _unquoted(found: re.Match[str]) -> str:
    for quote, text in zip("\"'`", found.groups()[:3], strict=True):
        if text is not None:
            return text.replace(quote * 2, quote)
    return found[4].strip()


def _value(text: str, name: str) -> object:
    if text[:1] in ("[", "{", '"', "'"):
        return read_yaml(text, name).data
    return plain(text, name, 1)


def _put(data: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    inner = data
    for depth, part in enumerate(path[:-1], start=1):
        existing = inner.get(part)
        if path[:depth] == ("source",) and isinstance(existing, str):
            existing = {"path": existing}
        if existing is None:
            existing = {}
        if not isinstance(existing, dict):
            raise SpecError(
                f"`--set {dotted(path)}` goes through `{dotted(path[:depth])}`, which is no mapping in this spec.",
                f"Set `{dotted(path[:depth])}` as a whole.",
            )
        inner[part] = existing
        inner = existing
    inner[path[-1]] = value

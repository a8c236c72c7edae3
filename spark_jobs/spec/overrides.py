"""Overrides of a spec from the command line: `--set path.to.key=value`."""

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
    """Return a copy of the data with the overrides applied in order, and the key paths that they set.

    Raises:
        SpecError: An override is not `path=value`, or its path goes through a value that is not a mapping.
    """
    data = deepcopy(data)
    paths: set[KeyPath] = set()
    for override in overrides:
        path, value = parse_override(override)
        _put(data, path, value)
        paths.add(path)
    return data, paths


def parse_override(override: str) -> tuple[tuple[str, ...], object]:
    r"""Parse one override into its key path and its value.

    A value that begins with a quote or a bracket is parsed as YAML; any other value is one plain scalar.

    >>> parse_override('features.per_column."a.b".numeric=none')
    (('features', 'per_column', 'a.b', 'numeric'), 'none')
    """
    if "\0" in override or any("\ud800" <= character <= "\udfff" for character in override):
        shown = override[:80].encode("ascii", "backslashreplace").decode()
        raise SpecError(f"`--set {shown}` contains an invalid character.", "Remove it; set the terminal to UTF-8.")
    parts: list[str] = []
    end = 0
    while found := SEGMENT.match(override, end):
        parts.append(_unquoted(found))
        end = found.end()
        if override[end : end + 1] != ".":
            break
        end += 1
    if not parts or override[end : end + 1] != "=" or not all(parts):
        raise SpecError(f"`--set {override[:80]}` is not of the form `path=value`.", ADVICE)
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
                f"`--set {dotted(path)}` goes through `{dotted(path[:depth])}`, which is not a mapping in this spec.",
                f"Set `{dotted(path[:depth])}` as a whole.",
            )
        inner[part] = existing
        inner = existing
    inner[path[-1]] = value

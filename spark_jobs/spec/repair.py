"""Repair of an invalid spec, so that one error can also report the violations of other rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from spark_jobs.spec.mistakes import SpecIssue
from spark_jobs.spec.models import Spec
from spark_jobs.spec.yaml12 import KeyPath

_REQUIRED = {"source": {"path": "⟨source⟩"}, "target": "⟨target⟩"}


def repaired(data: Mapping[str, Any], mistakes: Sequence[SpecIssue]) -> tuple[Spec, set[KeyPath]] | None:
    """Return the spec without its mistakes, and the key paths of the removed values.

    A misspelled key is renamed to the nearest valid one. If removing single values is not enough, the top-level keys
    that contain them are removed.

    Returns:
        None if the data is still invalid.
    """
    copy = deepcopy(dict(data))
    removed = {one.path for one in mistakes if not _renamed(copy, one) and _removed(copy, one.path)}
    keys: set[KeyPath] = {one.path[:1] for one in mistakes}
    without = {name: value for name, value in data.items() if (name,) not in keys}
    for candidate, gone in ((copy, removed), ({**_REQUIRED, **without}, keys)):
        try:
            return Spec.model_validate(candidate), gone
        except ValidationError:
            continue
    return None


def unaffected(mistakes: Iterable[SpecIssue], removed: set[KeyPath]) -> list[SpecIssue]:
    """Return the mistakes outside of mappings with a removed value: inside, the value's default may cause them."""
    around = {path[:-1] or path for path in removed}
    return [one for one in mistakes if not any(one.path[:length] in around for length in range(len(one.path) + 1))]


def _parent(data: Any, path: KeyPath) -> Any:
    for part in path[:-1]:
        known = (isinstance(data, Mapping) and part in data) or (isinstance(data, list) and isinstance(part, int))
        data = data[part] if known else None
    return data


def _renamed(data: dict[str, Any], mistake: SpecIssue) -> bool:
    parent = _parent(data, mistake.path) if mistake.meant else None
    if not isinstance(parent, dict) or mistake.meant in parent:
        return False
    parent[mistake.meant] = parent.pop(mistake.path[-1])
    return True


def _removed(data: dict[str, Any], path: KeyPath) -> bool:
    parent = _parent(data, path)
    return isinstance(parent, dict) and parent.pop(path[-1], None) is not None

"""A spec with its mistakes taken out, so that the rules beyond the shape of its keys can be checked all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from spark_jobs.spec.mistakes import SpecIssue
from spark_jobs.spec.models import Spec
from spark_jobs.spec.yaml12 import KeyPath

_REQUIRED = {"source": {"kind": "csv", "path": "⟨source⟩"}, "target": "⟨target⟩"}


def repaired(data: Mapping[str, Any], mistakes: Sequence[SpecIssue]) -> tuple[Spec, set[KeyPath]] | None:
    """The spec without its mistakes, and the paths of the values that were taken out.

    A misspelled key gets the name that was meant. Where single values cannot be taken out, whole top-level keys are.

    Returns:
        None if there is no spec even so.
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
    """The mistakes outside of the mappings that a value was taken out of: inside, they may come from its default."""
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

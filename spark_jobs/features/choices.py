"""The value steps that a spec asks for: their validation, their part of the JSON schema, and what they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spark_jobs.errors import did_you_mean
from spark_jobs.features.inputs import AUTO, NONE
from spark_jobs.features.steps import Encoder, Scaler, StepRole, find_step, number_roles, step_kinds
from spark_jobs.spec import Spec
from spark_jobs.spec.mistakes import SpecIssue, got
from spark_jobs.spec.models import ColumnFeatures, Features
from spark_jobs.spec.yaml12 import KeyPath

WITHOUT_GRAPH = "Set `graph: skip` to score with Spark only, or choose another kind."
_NO_STEPS = (AUTO, NONE)


def step_choices(role: StepRole) -> tuple[str, ...]:
    """Return the values of a role's key in a spec."""
    kinds = step_kinds(role)
    if role.name == Encoder.role.name:
        return (AUTO, *sorted(kinds))
    return (*((AUTO,) if role.name == Scaler.role.name else ()), *sorted((*kinds, NONE)))


def asked_kind(block: Features | ColumnFeatures, role: StepRole) -> str | None:
    """Return the step of a role that a block of the spec asks for, if it does."""
    if role.name in (Encoder.role.name, Scaler.role.name):
        kind: str | None = getattr(block, role.key)
        return kind
    return block.steps.get(role.key)


def planned_kind(spec: Spec, column: str, role: StepRole) -> str:
    """Return the step of a role for a column: its own, else that of all columns; `auto` is not resolved.

    Raises:
        SpecError: There is no such step.
    """
    own = spec.features.per_column.get(column, spec.features)
    kind = asked_kind(own, role) or asked_kind(spec.features, role) or NONE
    if kind not in _NO_STEPS:
        find_step(role.name, kind)
    return kind


def planned_steps(spec: Spec, column: str) -> tuple[tuple[str, str], ...]:
    """Return the role and kind of each step of a column's numbers between imputation and scaling."""
    steps = [(role.name, planned_kind(spec, column, role)) for role in number_roles()]
    return tuple(step for step in steps if step[1] != NONE)


def needs_quantiles(spec: Spec) -> bool:
    """Return whether a step of numbers that the spec asks for needs the quantiles of its input."""
    blocks: list[Features | ColumnFeatures] = [spec.features, *spec.features.per_column.values()]
    asked = {(role.name, asked_kind(block, role)) for role in (Scaler.role, *number_roles()) for block in blocks}
    return any(find_step(role, kind).quantiles for role, kind in asked if kind not in (None, *_NO_STEPS))


def step_issues(spec: Spec) -> Iterator[SpecIssue]:
    """Yield the mistakes in the steps of `features` and of its columns."""
    yield from _block_issues(("features",), spec.features, spec.graph == "required")
    for column, block in spec.features.per_column.items():
        yield from _block_issues(("features", "per_column", column), block, spec.graph == "required")


def _block_issues(place: KeyPath, block: Features | ColumnFeatures, graph: bool) -> Iterator[SpecIssue]:
    further = {role.key: role for role in number_roles()}
    for key in block.steps:
        if key not in further:
            yield SpecIssue((*place, "steps", key), "is not a known key.", did_you_mean(key, further))
    for role in (Encoder.role, Scaler.role, *further.values()):
        path = (*place, "steps", role.key) if role.key in further else (*place, role.key)
        yield from _kind_issues(path, role, asked_kind(block, role), graph)


def _kind_issues(path: KeyPath, role: StepRole, kind: str | None, graph: bool) -> Iterator[SpecIssue]:
    choices = step_choices(role)
    if kind is not None and kind not in choices:
        yield SpecIssue(path, f"must be one of {', '.join(choices)}.{got(kind)}", did_you_mean(kind, choices))
    elif graph and kind not in (None, *_NO_STEPS) and find_step(role.name, kind).graph is None:
        yield SpecIssue(path, f"'{kind}' has no ONNX graph, so the model could not be served.", WITHOUT_GRAPH)


def complete_schema(properties: dict[str, Any], optional: bool) -> None:
    """Add the values of every role's key to the JSON schema of a block; those of an optional key may be null."""
    for role in (Encoder.role, Scaler.role):
        properties[role.key]["enum"] = [*step_choices(role), *([None] if optional else [])]
    steps = {role.key: {"enum": list(step_choices(role)), "title": role.key} for role in number_roles()}
    properties["steps"] = {**properties["steps"], "properties": steps, "additionalProperties": False}

"""Make the plan from the spec and the profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.features import NONE, CategoryInput, Input, Scaler, kind_making
from spark_jobs.models import find, options
from spark_jobs.plan.candidates import candidates, missing_choice, why_not
from spark_jobs.plan.inputs import Choice, PlanContext, assign_slots, plan_input
from spark_jobs.plan.learning_task import LearningTask
from spark_jobs.plan.outliers import Bounds, outlier_bounds
from spark_jobs.plan.plan import Decision, Plan, PlannedColumn, Role
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Spec


def make(
    spec: Spec,
    types: Sequence[ColumnType],
    problem: LearningTask,
    profile: Profile,
    drops: Mapping[str, Bounds] | None = None,
) -> Plan:
    """Return the plan of a training.

    Args:
        profile: the profile of the training rows' candidates.
        drops: the bounds by which outliers were dropped before the rows were profiled.

    Raises:
        DataError: no column is left for the model.
        SpecError: the algorithm, an encoder or a scaler does not exist, or does not support the task.
    """
    by_name = {kind.name: kind for kind in types}
    algorithm = find(spec.model.kind)
    chosen = options(spec.model.kind, spec.model.params)
    bounds = outlier_bounds(spec, by_name, profile)
    known = PlanContext(spec, problem, algorithm, profile, by_name, bounds, default_scaling(spec))
    choices = [choice for one in candidates(spec, by_name) if (choice := plan_input(known, one)) is not None]
    inputs = assign_slots([choice.input for choice in choices if choice.input is not None])
    if not inputs:
        raise DataError("No column is left to train the model on.", _advice(_decisions(choices, spec, types)))
    return Plan(
        name=spec.name,
        problem=problem,
        columns=tuple(_planned(spec, kind, choices) for kind in types),
        inputs=inputs,
        drops=dict(drops or {}),
        drop_missing=_drop_missing(spec, inputs),
        model=spec.model.kind,
        params=chosen.model_dump(mode="json"),
        balance=spec.model.balance,
        weight=spec.weight,
        key=spec.key,
        timezone=spec.timezone,
        seed=spec.split.seed,
        decisions=(*_headline(spec, problem), *_decisions(choices, spec, types)),
    )


def default_scaling(spec: Spec) -> str:
    """Return the scaling that `features.numeric: auto` means for the spec's algorithm and its options."""
    numbers = find(spec.model.kind).numbers_for(options(spec.model.kind, spec.model.params))
    return NONE if numbers == "any" else kind_making(Scaler.role, numbers)


def _advice(decisions: Sequence[Decision]) -> str:
    said = "; ".join(f"'{one.subject}': {one.reason}" for one in decisions[:5])
    return f"Left out: {said}." if said else "Check `columns.ignore` and the source."


def _drop_missing(spec: Spec, inputs: Sequence[Input]) -> tuple[str, ...]:
    groups = {one.column: "categorical" if isinstance(one, CategoryInput) else "numeric" for one in inputs}
    return tuple(name for name, group in groups.items() if missing_choice(spec, name, group) == "drop")


def _planned(spec: Spec, kind: ColumnType, choices: Sequence[Choice]) -> PlannedColumn:
    if kind.name == spec.target:
        return PlannedColumn(kind, "target", kind.reason)
    if kind.name == spec.weight:
        return PlannedColumn(kind, "weight", "the spec sets it")
    excluded = why_not(spec, kind)
    if excluded:
        role: Role = "ignored" if kind.name in spec.columns.ignore else "left out"
        return PlannedColumn(kind, role, excluded)
    own = [choice for choice in choices if choice.candidate.column == kind.name]
    used = [choice for choice in own if choice.input is not None]
    return PlannedColumn(kind, "feature" if used else "left out", (used or own)[0].reason)


def _headline(spec: Spec, problem: LearningTask) -> list[Decision]:
    task = problem.task + (f", {problem.classes} classes" if problem.classes > 2 else "")
    task += f", positive '{problem.positive}'" if problem.positive else ""
    split = f"{spec.split.kind}, about {spec.split.test:.0%} to test with"
    return [
        Decision("task", task, problem.reason),
        Decision("split", split, f"seed {spec.split.seed}"),
        Decision("model", spec.model.kind, find(spec.model.kind).title),
    ]


def _decisions(choices: Sequence[Choice], spec: Spec, types: Sequence[ColumnType]) -> list[Decision]:
    taken = {choice.candidate.column for choice in choices}
    out = [
        Decision(kind.name, "ignored" if kind.name in spec.columns.ignore else "left out", why_not(spec, kind))
        for kind in types
        if kind.name not in taken and kind.name not in (spec.target, spec.weight)
    ]
    return [Decision(choice.candidate.name, _chosen(choice), choice.reason) for choice in choices] + out


def _chosen(choice: Choice) -> str:
    one = choice.input
    if one is None:
        return "left out"
    if isinstance(one, CategoryInput):
        return one.encode
    steps = [kind for _, kind in one.steps] + [one.scale] * (one.scale != NONE)
    return ", ".join(("number", *steps))

"""Inputs of the model: chosen from the candidates and their profile, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.features import (
    AUTO,
    MISSING,
    NONE,
    CategoryInput,
    Encoder,
    Input,
    NumberInput,
    Scaler,
    find_encoder,
    kind_making,
    supervised_kinds,
)
from spark_jobs.features.choices import planned_kind, planned_steps
from spark_jobs.formatting import format_number
from spark_jobs.models import Algorithm
from spark_jobs.plan.candidates import MODE, Candidate, missing_choice
from spark_jobs.plan.leakage import leak
from spark_jobs.plan.learning_task import LearningTask
from spark_jobs.plan.outliers import Bounds
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.spec import Spec

TINY_SPREAD = 1e-6


@dataclass(frozen=True, slots=True)
class PlanContext:
    """Everything that inputs are decided from."""

    spec: Spec
    problem: LearningTask
    algorithm: Algorithm
    profile: Profile
    types: Mapping[str, ColumnType]
    bounds: Mapping[str, Bounds | None]
    scale: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate, the input made from it (None: left out), and the reason."""

    candidate: Candidate
    input: Input | None
    reason: str


def plan_input(known: PlanContext, candidate: Candidate) -> Choice | None:
    """Return the choice for a candidate; None for a candidate that is profiled only for another one.

    Raises:
        DataError: the profile lacks what the candidate needs.
        SpecError: an encoder or a scaler does not exist.
    """
    if candidate.part == MODE:
        return None
    column = known.profile[candidate.name]
    useless = _useless(known, column)
    if useless:
        return Choice(candidate, None, useless)
    if column.levels is not None:
        return _category(known, candidate, column)
    return _number(known, candidate, column)


def _useless(known: PlanContext, column: ColumnProfile) -> str:
    if not column.present:
        return "no value in the training rows"
    if column.numbers is not None and column.numbers.min == column.numbers.max and not column.missing:
        return "only one value in the training rows"
    if column.levels is not None and column.levels.complete and len(column.levels.table) < 2:
        return "only one value in the training rows"
    return "" if known.spec.columns.keep_leaks else leak(column, known.problem)


def _number(known: PlanContext, candidate: Candidate, column: ColumnProfile) -> Choice:
    spec, numbers = known.spec, column.numbers
    if numbers is None:
        raise DataError(f"The profile of '{candidate.name}' lacks its numbers.", "Profile the table again.")
    bounds = known.bounds.get(candidate.name) if candidate.part is None else None
    outside: Literal["clip", "null"] = "null" if spec.clean.outliers.action == "null" else "clip"
    cleaned = column.cleaned or numbers
    method = missing_choice(spec, candidate.column, "numeric")
    fill = _fill(known, candidate, column, cleaned if outside == "null" else numbers, method)
    scale = planned_kind(spec, candidate.column, Scaler.role)
    shift = cleaned.mean if abs(cleaned.mean) * TINY_SPREAD > cleaned.std > 0 else 0.0
    one = NumberInput(
        slot="",
        column=candidate.column,
        part=candidate.part,
        bounds=bounds if spec.clean.outliers.action != "drop" else None,
        outside=outside,
        fill=(min(max(fill, bounds[0]), bounds[1]) if bounds and outside == "clip" else fill) - shift,
        indicator=spec.clean.missing.indicator and column.missing > 0,
        shift=shift,
        scale=known.scale if scale == AUTO else scale,
        steps=planned_steps(spec, candidate.column),
    )
    return Choice(candidate, one, _number_reason(known, one, column, method, fill))


def _fill(
    known: PlanContext, candidate: Candidate, column: ColumnProfile, numbers: NumberSummary, method: str | float
) -> float:
    if isinstance(method, (int, float)):
        return float(method)
    if method == "mean":
        return (column.cleaned or numbers).mean
    if method == "mode" and candidate.part is None:
        return _mode(known.profile[f"{candidate.column} ▸ {MODE}"])
    return numbers.median if numbers.count else 0.0


def _mode(column: ColumnProfile) -> float:
    counts = {level: rows for level, rows in column.levels.counts.items() if level != MISSING} if column.levels else {}
    most = max(counts.values(), default=0)
    return min((float(text) for text, rows in counts.items() if rows == most), default=0.0)


def _number_reason(
    known: PlanContext, one: NumberInput, column: ColumnProfile, method: str | float, fill: float
) -> str:
    said = [known.types[one.column].reason]
    if column.missing:
        said.append(f"{column.missing:,} missing become {format_number(fill, 6)} ({method})")
    if one.bounds is not None:
        said.append(f"outside {format_number(one.bounds[0], 6)} to {format_number(one.bounds[1], 6)}: {one.outside}")
    elif known.bounds.get(one.title, ()) is None:
        said.append(f"outlier rule {known.spec.clean.outliers.rule} skipped: it would leave a single value")
    return "; ".join(part for part in said if part)


def _category(known: PlanContext, candidate: Candidate, column: ColumnProfile) -> Choice:
    spec, levels = known.spec, column.levels
    if levels is None:
        raise DataError(f"The profile of '{candidate.name}' lacks its categories.", "Profile the table again.")
    counts = {level: rows for level, rows in levels.counts.items() if level != MISSING}
    method = missing_choice(spec, candidate.column, "categorical")
    fill = MISSING if method in ("label", "drop") else next(iter(counts)) if method == "mode" else str(method)
    if column.missing:
        counts[fill] = counts.get(fill, 0) + column.missing
    encode, why = _encoding(known, candidate.column, len(counts))
    kept = _kept(spec, candidate.column, counts, encode)
    encoder = find_encoder(encode)
    one = CategoryInput(
        slot="",
        column=candidate.column,
        levels=kept,
        encode=encode,
        fill=fill,
        indicator=spec.clean.missing.indicator and column.missing > 0,
        ordered=candidate.column in spec.columns.order,
        scale=known.scale if encoder.supervised else NONE,
        part=candidate.part,
    )
    rare = len(counts) - len(kept)
    said = [known.types[one.column].reason, why, f"{rare:,} rare categories become one" if rare > 0 else ""]
    said.append(f"{column.missing:,} missing become '{fill}'" if column.missing else "")
    return Choice(candidate, one, "; ".join(part for part in said if part))


def _kept(spec: Spec, name: str, counts: Mapping[str, int], encode: str) -> tuple[str, ...]:
    order = spec.columns.order.get(name)
    if order is not None:
        return order
    bound = len(counts) if find_encoder(encode).supervised else spec.features.max_categories
    ranked = sorted(counts, key=lambda level: (-counts[level], level))
    return tuple(sorted(ranked[:bound]))


def _encoding(known: PlanContext, name: str, levels: int) -> tuple[str, str]:
    asked = planned_kind(known.spec, name, Encoder.role)
    if asked != AUTO:
        return asked, "as the spec says"
    usual = kind_making(Encoder.role, known.algorithm.categories)
    if name in known.spec.columns.order:
        return usual, "the spec lists its categories"
    bound = known.spec.features.max_categories
    if levels > bound:
        return supervised_kinds()[0], f"{levels:,} categories are more than max_categories ({bound})"
    return usual, f"{levels:,} categories"


def assign_slots(inputs: list[Input]) -> tuple[Input, ...]:
    """Return the inputs with safe names: `n0`, `n1` … for numbers, then `c0`, `c1` … for categories."""
    numbers = [one for one in inputs if isinstance(one, NumberInput)]
    categories = [one for one in inputs if isinstance(one, CategoryInput)]
    return (
        *(replace(one, slot=f"n{position}") for position, one in enumerate(numbers)),
        *(replace(one, slot=f"c{position}") for position, one in enumerate(categories)),
    )

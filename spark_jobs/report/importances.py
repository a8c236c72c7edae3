"""The weight of each raw column in a model, comparable across numbers and categories."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spark_jobs.features import NONE, CategoryInput, Input, NumberInput, find_scaler, find_step
from spark_jobs.models import find
from spark_jobs.plan import Plan
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.report.context import ReportContext
from spark_jobs.report.formatting import format_level, shorten

Weights = Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Feature:
    """One slot of the feature vector: its raw column, the standard deviation of its values, and its name if special."""

    column: str
    std: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Importances:
    """The raw columns with their weights, none negative, the greatest first.

    `coefficients` are triples of feature, coefficient and standardized coefficient, signed unless there are more than
    two classes; empty for other models.
    """

    columns: tuple[tuple[str, float], ...]
    coefficients: tuple[tuple[str, float, float], ...] = ()


def compute_importances(plan: Plan | None, profile: Profile, weights: Weights) -> Importances:
    """Group the weights of the feature vector by raw column.

    The shares of a tree model are added. A coefficient of a linear model is multiplied by the standard deviation of its
    feature (a standardized coefficient), and a column gets the root of the sum of their squares.

    Args:
        plan: what the model reads; without a plan each feature is a column.
        profile: the columns of the training rows.
        weights: one pair of feature name and weight per slot of the feature vector, as in `ReportContext.importances`.
    """
    features = _features(plan, profile) if plan is not None else {}
    if plan is None or not find(plan.model).linear:
        return Importances(_summed([(name, abs(value)) for name, value in weights], features))
    found = [(name, value, _feature(name, features)) for name, value in weights]
    squares = [(name, (value * one.std) ** 2) for name, value, one in found]
    columns = tuple((name, math.sqrt(total)) for name, total in _summed(squares, features))
    rows = [(one.title or name, value, value * one.std) for name, value, one in found]
    return Importances(columns, tuple(sorted(rows, key=lambda row: -abs(row[2]))))


def has_signed_coefficients(plan: Plan | None) -> bool:
    """Return whether each feature has one coefficient, whose sign says in which direction it acts."""
    return plan is not None and plan.problem.task != "multiclass" and find(plan.model).linear


def name_coefficients(context: ReportContext) -> str:
    """Return what a standardized coefficient is, such as "change of the log-odds of y = 1 per standard deviation"."""
    if context.plan is None or not has_signed_coefficients(context.plan):
        return "norm over the classes of the change of their scores per standard deviation"
    what = f"the predicted {shorten(context.target, 20)}"
    if context.task == "binary":
        score = "log-odds" if find(context.plan.model).probabilities else "margin"
        label = context.evaluation.details["labels"][-1]
        what = f"the {score} of {shorten(context.target, 16)} = {shorten(label, 16)}"
    return f"change of {what} per standard deviation"


def _summed(pairs: Weights, features: Mapping[str, Feature]) -> tuple[tuple[str, float], ...]:
    totals: dict[str, float] = {}
    for name, value in pairs:
        column = _feature(name, features).column
        totals[column] = totals.get(column, 0.0) + value
    return tuple(sorted(totals.items(), key=lambda pair: -pair[1]))


def _feature(name: str, features: Mapping[str, Feature]) -> Feature:
    """Return the feature of that slot; the name of a target encoding ends with its class in parentheses."""
    return features.get(name) or features.get(name.rpartition(" (")[0]) or Feature(name, 1.0)


def _features(plan: Plan, profile: Profile) -> dict[str, Feature]:
    found: dict[str, Feature] = {}
    for one in plan.inputs:
        column = profile.columns.get(one.title)
        found[one.title] = Feature(one.column, _std(one, column))
        rows = column.rows if column is not None else 0
        found[f"{one.title} is missing"] = Feature(one.column, _of_share(column.missing if column else 0, rows))
        counts = column.levels.counts if column is not None and column.levels is not None else {}
        for level in one.levels if isinstance(one, CategoryInput) else ():
            title = f"{one.title} = {format_level(one.part, level)}"
            found[f"{one.title} = {level}"] = Feature(one.column, _of_share(counts.get(level, 0), rows), title)
    return found


def _of_share(count: int, rows: int) -> float:
    """Return the standard deviation of a 0/1 feature."""
    return math.sqrt(count / rows * (1 - count / rows)) if rows else 0.0


def _std(one: Input, column: ColumnProfile | None) -> float:
    """Return the standard deviation of a number after its scaling."""
    numbers = None if column is None else column.cleaned or column.numbers
    if numbers is None or not numbers.count:
        return 1.0
    for role, kind in one.steps if isinstance(one, NumberInput) else ():
        numbers = find_step(role, kind).summary(numbers)
    return numbers.std if one.scale == NONE else find_scaler(one.scale).spread(numbers)

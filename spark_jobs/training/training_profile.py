"""The profile of the training rows, after incomplete rows and outliers are dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add, and_, or_
from typing import Literal

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns import cells
from spark_jobs.columns.names import quoted
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.features import CYCLIC, MISSING, NumberInput
from spark_jobs.features.cast import bounded_sql
from spark_jobs.features.choices import needs_quantiles
from spark_jobs.plan import LearningTask
from spark_jobs.plan.candidates import candidates, is_candidate, missing_choice
from spark_jobs.plan.outliers import Bounds, bounds_of, has_outliers, outlier_bounds
from spark_jobs.profile.batch import ScanOptions
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.scan import scan_columns, scan_parts
from spark_jobs.spec import Spec
from spark_jobs.training.staging import LABEL

ROWS_PER_LEVEL = 100


@dataclass(frozen=True)
class TrainingProfile:
    """The rows that a model is trained on, their profile, and what was dropped.

    Attributes:
        drops: bounds outside of which rows were dropped, by column.
        outliers: the number of rows dropped as outliers.
        dropped: the number of rows dropped for a null.
    """

    rows: DataFrame
    profile: Profile
    drops: Mapping[str, Bounds]
    outliers: int = 0
    dropped: int = 0


def profile_training_rows(
    rows: DataFrame, spec: Spec, types: Mapping[str, ColumnType], problem: LearningTask, longest: int | None = None
) -> TrainingProfile:
    """Profile the training rows in one pass, or in two if there are outliers that the first pass could not handle.

    Args:
        longest: the length of the longest text in characters, if known.
    """
    incomplete = _incomplete(spec, types)
    complete = rows if incomplete is None else rows.where(~incomplete)
    profile = _scan(complete, spec, types, problem, longest)
    bounds = {name: pair for name, pair in outlier_bounds(spec, types, profile).items() if pair is not None}
    outside = {name: pair for name, pair in bounds.items() if has_outliers(profile[name].numbers, pair)}
    dropped = rows.where(incomplete).count() if incomplete is not None else 0
    if spec.clean.outliers.action != "drop":
        return TrainingProfile(complete, _cleaned(complete, spec, types, profile, outside), {}, 0, dropped)
    if not outside:
        return TrainingProfile(complete, profile, bounds, 0, dropped)
    kept = complete.where(_is_inside(bounds, types, spec.timezone))
    inside = _scan(kept, spec, types, problem, longest)
    return TrainingProfile(kept, inside, bounds, profile.rows - inside.rows, dropped)


def load_training_profile(
    rows: DataFrame,
    spec: Spec,
    types: Mapping[str, ColumnType],
    profile: Profile,
    drops: Mapping[str, Bounds],
    outliers: int,
    dropped: int,
) -> TrainingProfile:
    """Return the training profile that an interrupted run stored for the same rows."""
    incomplete = _incomplete(spec, types)
    complete = rows if incomplete is None else rows.where(~incomplete)
    kept = complete.where(_is_inside(drops, types, spec.timezone)) if drops else complete
    return TrainingProfile(kept, profile, drops, outliers, dropped)


def profile_folds(
    rows: DataFrame,
    spec: Spec,
    types: Mapping[str, ColumnType],
    problem: LearningTask,
    fold: Column,
    training: Sequence[Sequence[int]],
    longest: int | None = None,
) -> list[TrainingProfile]:
    """Return the training profile of each of several selections of folds, and the rows that it is of.

    Without a rule for outliers, one pass over the rows profiles every fold, and the profiles of folds are added.

    Args:
        rows: the training rows.
        spec: the spec.
        types: the types of the columns.
        problem: the learning task.
        fold: the fold of a row.
        training: for each selection, the folds to train on.
        longest: the length of the longest text in characters, if known.
    """
    selected = [rows.where(fold.isin(*folds)) for folds in training]
    if spec.clean.outliers.rule != "none":
        return [profile_training_rows(one, spec, types, problem, longest) for one in selected]
    incomplete = _incomplete(spec, types)
    parts = _scan_parts(rows if incomplete is None else rows.where(~incomplete), spec, types, problem, fold, longest)
    empty = [folds for folds in training if not set(folds) & set(parts)]
    if empty:
        raise DataError("A fold has no rows to train on.", "Use fewer `tune.folds`, or more rows.")
    return [
        TrainingProfile(
            one if incomplete is None else one.where(~incomplete),
            _with_thin_parts(reduce(add, [parts[number] for number in folds if number in parts]), spec, types),
            {},
        )
        for one, folds in zip(selected, training, strict=True)
    ]


def _scan(
    rows: DataFrame, spec: Spec, types: Mapping[str, ColumnType], problem: LearningTask, longest: int | None
) -> Profile:
    parts = _scan_parts(rows, spec, types, problem, F.lit(0), longest)
    return _with_thin_parts(parts[0], spec, types)


def _scan_parts(
    rows: DataFrame,
    spec: Spec,
    types: Mapping[str, ColumnType],
    problem: LearningTask,
    part: Column,
    longest: int | None,
) -> dict[int, Profile]:
    found = candidates(spec, types)
    columns = {one.name: ("string" if one.text else "double", F.expr(one.sql)) for one in found}
    if not problem.labels:
        columns[spec.target] = ("double", F.col(LABEL))
    classes = problem.classes if problem.targets > 1 else 0
    bounds = partial(bounds_of, rule=spec.clean.outliers) if _only_moments(spec) else None
    depth = ScanOptions(missing_level=MISSING, bounds=bounds, longest=longest)
    return scan_parts(rows, columns, part, F.col(LABEL), classes, depth)


def _with_thin_parts(profile: Profile, spec: Spec, types: Mapping[str, ColumnType]) -> Profile:
    parts = [one.name for one in candidates(spec, types) if one.text and one.part in CYCLIC]
    thin = {name: as_numbers(profile[name]) for name in parts if is_thin(profile[name])}
    return Profile(profile.rows, profile.columns | thin)


def is_thin(column: ColumnProfile) -> bool:
    """Return whether a date part has too few rows per value to learn each value separately."""
    return column.levels is not None and column.rows < ROWS_PER_LEVEL * len(column.levels.table)


def as_numbers(column: ColumnProfile) -> ColumnProfile:
    """Return the profile of whole numbers that were counted as text."""
    counts = (
        {float(level): rows for level, rows in column.levels.counts.items() if level != MISSING}
        if column.levels
        else {}
    )
    values = np.repeat(np.array(list(counts)), list(counts.values()))
    return replace(column, type="double", levels=None, numbers=NumberSummary.of(values))


def _cleaned(
    rows: DataFrame, spec: Spec, types: Mapping[str, ColumnType], profile: Profile, outside: Mapping[str, Bounds]
) -> Profile:
    """Return the profile with moments after clipping or nulling, for the columns that have outliers."""
    foreseen = {name: _foreseen(profile[name], pair) for name, pair in outside.items()}
    open_ones = {name: pair for name, pair in outside.items() if foreseen[name] is None}
    numbers = foreseen | (_again(rows, spec, types, open_ones) if open_ones else {})
    columns = {
        name: replace(one, cleaned=numbers.get(name), clipped_moments=None) for name, one in profile.columns.items()
    }
    return Profile(profile.rows, columns)


def _foreseen(column: ColumnProfile, bounds: Bounds) -> NumberSummary | None:
    if column.clipped_moments is None or column.numbers is None:
        return None
    return column.clipped_moments.clipped(bounds, column.numbers.count)


def _again(
    rows: DataFrame, spec: Spec, types: Mapping[str, ColumnType], outside: Mapping[str, Bounds]
) -> dict[str, NumberSummary | None]:
    """Return numeric summaries without outliers, from another pass."""
    action: Literal["clip", "null"] = "null" if spec.clean.outliers.action == "null" else "clip"
    inputs = {name: NumberInput("", name, None, pair, action) for name, pair in outside.items()}
    texts = {name: bounded_sql(_sql(types[name], spec.timezone), one) for name, one in inputs.items()}
    columns = {name: ("double", F.expr(text)) for name, text in texts.items()}
    again = scan_columns(rows, columns, depth=ScanOptions(quantiles=not _only_moments(spec), distinct=False))
    return {name: again[name].numbers for name in outside}


def _only_moments(spec: Spec) -> bool:
    """Return whether clipped numbers need their moments only."""
    return spec.clean.outliers.rule != "none" and spec.clean.outliers.action == "clip" and not needs_quantiles(spec)


def _sql(kind: ColumnType, zone: str) -> str:
    return cells.value_sql(quoted(kind.name), kind, zone)


def _is_inside(bounds: Mapping[str, Bounds], types: Mapping[str, ColumnType], zone: str) -> Column:
    each = [F.expr(_sql(types[name], zone)) for name in bounds]
    tests = [value.isNull() | value.between(*pair) for value, pair in zip(each, bounds.values(), strict=True)]
    return reduce(and_, tests, F.lit(True))


def _incomplete(spec: Spec, types: Mapping[str, ColumnType]) -> Column | None:
    """Return whether a row has a null that drops it from training; None if no column asks for that."""
    asked = [
        kind
        for kind in types.values()
        if kind.name not in (spec.target, spec.weight) and is_candidate(spec, kind)
        and missing_choice(spec, kind.name, "categorical" if kind.cells == "text" else "numeric") == "drop"
    ]  # fmt: skip
    if not asked:
        return None
    tests = [F.expr(_sql(kind, spec.timezone)).isNull() for kind in asked]
    return reduce(or_, tests[1:], tests[0])

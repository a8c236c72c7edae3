"""Features that appear to hold the same information twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import groupby

import numpy as np

from spark_jobs.profile.profile import ColumnProfile, Profile

FEWEST_LEVELS = 3
FEWEST_NUMBERS = 10


def find_near_copies(profile: Profile, names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of columns that have the same fingerprint.

    The profile holds no correlations between features, so only copies are found. Numbers are copies when they have the
    same distinct values, mean, variance and covariance with the target; categories when their levels, whatever they are
    called, have the same rows and the same target counts.
    """
    found = [(key, name) for name in names if (key := _fingerprint(profile.columns[name])) is not None]
    ranked = sorted(found, key=lambda pair: repr(pair[0]))
    groups = (tuple(name for _, name in group) for _, group in groupby(ranked, key=lambda pair: pair[0]))
    return [group for group in groups if len(group) > 1]


def _fingerprint(column: ColumnProfile) -> Hashable | None:
    if column.levels is not None:
        return _of_levels(column)
    return _of_numbers(column)


def _of_levels(column: ColumnProfile) -> Hashable | None:
    levels = column.levels
    if levels is None or not levels.complete or len(levels.table) < FEWEST_LEVELS:
        return None
    return "levels", tuple(sorted(tuple(np.round(sums, 6)) for sums in levels.table.values()))


def _of_numbers(column: ColumnProfile) -> Hashable | None:
    numbers, relation = column.numbers, column.target_association
    if numbers is None or column.distinct_sketch is None or column.distinct < FEWEST_NUMBERS:
        return None
    moments = [numbers.mean, numbers.sum_sq, *(relation.xy if relation is not None else ())]
    values = tuple(column.distinct_sketch.smallest.tolist())
    return "numbers", values, numbers.count, tuple(f"{value:.9e}" for value in moments)

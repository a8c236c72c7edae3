"""Means of the target by level, shrunk towards the overall mean for rare levels; what supervised encoders encode.

The smoothing is estimated from the data: little if rows of one level agree and levels differ.

Training rows of rare levels are encoded by the other folds, because a mean of few rows reveals each row's own target.
For common levels this would be harmful: the means of a level differ by fold, so deep trees can infer a row's fold from
several columns, and from the fold how its targets differ from those of the others.

Sources: Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes" (2001); Bühlmann and
Straub, "Glaubwürdigkeit für Schadensätze" (1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spark_jobs.features.inputs import CategoryInput

if TYPE_CHECKING:
    from spark_jobs.profile.levels import LevelCounts

Table = npt.NDArray[np.float64]
FOLDS = 5  # training rows of rare levels are encoded by the other folds
COMMON = 20
"""Number of rows from which a level is common: its training rows are encoded by all rows."""
_LEAST, _MOST = 1e-3, 1e9


def smoothing(counts: LevelCounts | None, squares: Table) -> Table:
    """Return the smoothing of each target: the weight, in rows, of the overall mean in a level's encoding.

    It is the variance within levels divided by the variance between levels. If no level has a second row, or levels do
    not differ, the encoding is the overall mean.

    Args:
        counts: The rows and target sums of each level.
        squares: The sum of squared deviations of each target, shape (targets,).
    """
    table = np.array(list(counts.table.values())) if counts is not None and counts.table else np.zeros((0, 2))
    rows, sums = table[:, :1], table[:, 1:]
    total, levels = rows.sum(), len(rows)
    if total <= levels:
        return np.full(len(squares), _MOST)
    between = (rows * (sums / rows - sums.sum(axis=0) / total) ** 2).sum(axis=0)
    within = np.maximum(squares - between, 0.0) / (total - levels)
    unbiased = (between - (levels - 1) * within) / (total - (rows**2).sum() / total or 1.0)
    ratio: Table = np.divide(within, unbiased, out=np.full(len(squares), _MOST), where=unbiased > within / _MOST)
    return np.clip(ratio, _LEAST, _MOST)


def encoding(one: CategoryInput, counts: LevelCounts | None, prior: Table, shrinkage: Table) -> Table:
    """Return the encoding of each level, shape (levels + 1, targets); the last row is for unseen levels.

    The encoding of a level with n rows and target sum s is (s + shrinkage · prior) / (n + shrinkage).

    Args:
        one: The categorical input.
        counts: The rows and target sums of each level.
        prior: The overall mean of each target, shape (targets,).
        shrinkage: The smoothing of each target, shape (targets,); see `smoothing`.
    """
    table = counts.table if counts is not None else {}
    none = np.zeros(1 + len(prior))
    sums = np.array([*(table.get(level, none) for level in one.levels), none])
    shrunk: Table = (sums[:, 1:] + shrinkage * prior) / (sums[:, :1] + shrinkage)
    return shrunk


def training_encodings(
    one: CategoryInput, counts: LevelCounts | None, overall: Table, by_fold: Sequence[Table]
) -> list[Table]:
    """Return the encodings for training rows by fold: of all rows for common levels, of the other folds for rare ones.

    Args:
        one: The categorical input.
        counts: The rows and target sums of each level.
        overall: The encoding by all rows, shape (levels + 1, targets).
        by_fold: For each fold, the encoding by the other folds.
    """
    table = counts.table if counts is not None else {}
    common = np.array([*(level in table and table[level][0] >= COMMON for level in one.levels), False])
    return [np.where(common[:, None], overall, others) for others in by_fold]

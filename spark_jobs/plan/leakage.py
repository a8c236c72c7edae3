"""Detection of target leakage: columns that are near-copies of the target."""

from __future__ import annotations

import numpy as np

from spark_jobs.plan.learning_task import LearningTask
from spark_jobs.profile.levels import LevelCounts
from spark_jobs.profile.profile import ColumnProfile

SAME = 0.999
ROWS_PER_LEVEL = 10


def leak(column: ColumnProfile, problem: LearningTask) -> str:
    """Return the evidence that a column is a near-copy of the target; an empty text if there is none.

    A number leaks by its correlation with the target or with one class. A category leaks by the share of rows whose
    class its levels predict; this is tested only if levels have ten rows on average, and not for regressions.
    """
    if column.target_association is not None and column.target_association.correlation > SAME:
        return f"a near-copy of the target: correlation {column.target_association.correlation:.4f}"
    if (
        column.levels is None
        or not column.levels.complete
        or column.present < ROWS_PER_LEVEL * len(column.levels.table)
    ):
        return ""
    explained = _explained(column.levels, problem)
    return f"a near-copy of the target: its categories explain {explained:.2%} of it" if explained > SAME else ""


def _explained(levels: LevelCounts, problem: LearningTask) -> float:
    table = np.array(list(levels.table.values()))
    if table.shape[1] < 2 or problem.task == "regression" or len(table) < 2:
        return 0.0  # the profile does not keep the variance of a regression's target per level
    rows, sums = table[:, 0], table[:, 1:]
    counts = np.hstack([rows[:, None] - sums, sums]) if problem.targets == 1 else sums
    if counts.sum(axis=0).max() / rows.sum() > SAME:
        return 0.0
    return float(counts.max(axis=1).sum() / rows.sum())

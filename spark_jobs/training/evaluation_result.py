"""The result of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_jobs.formatting import to_jsonable
from spark_jobs.spec import Task


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The metrics of a model on all test rows, weighted if the spec names a weight.

    Attributes:
        rows: the number of test rows, unweighted.
        details: curves, confusion matrix, slices and the like, as nested dicts and lists of plain values.
        notes: sentences about rows that were counted differently.
    """

    task: Task
    rows: int
    metrics: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON-compatible values: no NaN, no infinity, no numpy types."""
        plain: dict[str, Any] = to_jsonable(
            {
                "task": self.task,
                "rows": self.rows,
                "metrics": dict(self.metrics),
                "details": self.details,
                "notes": list(self.notes),
            }
        )
        return plain

"""What an evaluation hands back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spark_jobs.spec import Task


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a model is on the test rows, all of them.

    `metrics` holds one number a name, `details` what stands behind them: nested dicts and lists of plain values.
    `notes` are sentences about what was counted apart. Weighted where the spec names a weight; `rows` never is.
    """

    task: Task
    rows: int
    metrics: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as JSON takes it: no NaN, no infinity, no numpy."""
        plain: dict[str, Any] = jsonable(
            {
                "task": self.task,
                "rows": self.rows,
                "metrics": dict(self.metrics),
                "details": self.details,
                "notes": list(self.notes),
            }
        )
        return plain


def jsonable(value: Any) -> Any:
    """A tree of numbers, texts, lists and dicts as JSON takes it; what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, list | tuple):
        return [jsonable(inner) for inner in value]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

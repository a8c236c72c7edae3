"""What the report tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spark_jobs.plan import Plan
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Task
from spark_jobs.training.evaluation_result import Evaluation


@dataclass(frozen=True, slots=True)
class Story:
    """All that a report says of one training.

    `rows` and `cells` are counts as the result of the job has them, `seconds` the time of each phase, `importances`
    pairs of a feature's name and its weight, the greatest first. `plan` may be None in a report of metrics alone.
    """

    name: str
    task: Task
    target: str
    positive: str | None
    plan: Plan | None
    profile: Profile
    evaluation: Evaluation
    importances: Sequence[tuple[str, float]] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)

"""The input of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from spark_jobs.plan import Plan
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Task
from spark_jobs.training.evaluation_result import Evaluation
from spark_jobs.training.search_result import SearchResult


@dataclass(frozen=True, slots=True)
class ReportContext:
    """Everything that the report of one training shows.

    Attributes:
        plan: None in a report of metrics alone.
        importances: one pair of feature name and weight per slot of the feature vector. A weight is the share of a
            tree model, or the coefficient of a linear model, signed where the sign is known.
        rows: counts by outcome, as in the result of the job; `cells` counts by column the values that did not parse.
        class_rows: training rows by index of the class; empty where they are unknown or there are no classes.
        seconds: the duration of each phase.
        held_out: about ten thousand test rows of the columns that the model reads, with one column per name; None
            without a verified graph.
        search: the search for the best model, if there was one.
        version, alias, user, trained_at: shown in the header where they are known.
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
    class_rows: Mapping[int, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    held_out: pa.Table | None = None
    version: str = ""
    alias: str = ""
    user: str = ""
    trained_at: datetime | None = None
    search: SearchResult | None = None

    @property
    def is_weighted(self) -> bool:
        """Whether the metrics weigh the test rows."""
        return self.plan is not None and self.plan.weight is not None

"""The plan of a search: metric, algorithms, ranges and first settings, decided before any trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spark_jobs.errors import DataError
from spark_jobs.models import Choices, Parameter, TableShape
from spark_jobs.plan import Decision, Plan
from spark_jobs.spec import Spec
from spark_jobs.spec.constants import AUTO
from spark_jobs.spec.learning import Tune
from spark_jobs.tuning.families import (
    compared_algorithms,
    first_proposals,
    grid,
    optimized_metric,
    search_parameters,
    table_shape,
)
from spark_jobs.tuning.space import Proposal


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """Everything that is decided before the first trial.

    Attributes:
        tune: The limits and the engine.
        shape: The shape of the training rows.
        metric: The metric to optimize.
        kinds: The algorithms to compare, the cheap ones first.
        left_out: The algorithms that are not compared, with the reason.
        space: The parameters of each algorithm, by name.
        first: The settings to try first.
    """

    tune: Tune
    shape: TableShape
    metric: str
    kinds: tuple[str, ...]
    left_out: Mapping[str, str]
    space: Mapping[str, Mapping[str, Parameter]]
    first: tuple[Proposal, ...]

    def proposals(self) -> Iterator[Proposal]:
        """Return the settings to try, in order; a sampler chooses what comes after them, except for a grid."""
        return grid(self.space) if self.tune.engine == "grid" else iter(self.first)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Return the lines that `plan` prints."""
        trials, minutes = self.tune.limits
        limits = [f"{trials} trials" if trials else "", f"{minutes:g} minutes" if minutes else ""]
        how = f"{self.tune.engine} on {self.tune.folds} folds"
        named = [(f"{kind}.{name}", one) for kind in self.kinds for name, one in self.space[kind].items()]
        return (
            Decision("model", ", ".join(self.kinds), "compared on the same folds"),
            Decision("tuning", self.metric, f"{how}, at most {' or '.join(filter(None, limits))}"),
            *(Decision(kind, "not tried", reason) for kind, reason in self.left_out.items()),
            *(Decision(name, _range(one), "searched") for name, one in named),
        )


def plan_search(spec: Spec, plan: Plan, rows: int, *, connect: bool) -> SearchPlan:
    """Return the plan of a search.

    Args:
        spec: The spec.
        plan: The plan of a training with one of the algorithms.
        rows: The number of rows that a trial is fitted on.
        connect: Whether the session is a Spark Connect session.

    Raises:
        DataError: No algorithm supports the table.
        SpecError: The metric is not one of the task.
    """
    shape = table_shape(plan, rows)
    metric = optimized_metric(spec, shape.task)
    kinds, left_out = compared_algorithms(spec, shape, metric, connect=connect)
    if not kinds:
        reasons = "; ".join(f"{kind}: {reason}" for kind, reason in left_out.items())
        raise DataError(f"`model.kind: {AUTO}` finds no algorithm for this table ({reasons}).", "Set `model.kind`.")
    space = {kind: search_parameters(spec, kind, shape, metric) for kind in kinds}
    first = tuple(first_proposals(spec, kinds, shape))
    return SearchPlan(spec.search or Tune(), shape, metric, kinds, left_out, space, first)


def _range(parameter: Parameter) -> str:
    if isinstance(parameter, Choices):
        return " | ".join(str(value) for value in parameter.values)
    return f"{parameter.low:g} to {parameter.high:g}" + (", log" if parameter.log else "")

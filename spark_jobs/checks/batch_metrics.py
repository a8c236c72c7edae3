"""What is counted of rows while they are written, or by a pass of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from spark_jobs.checks import unseen as unfamiliar
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.columns.names import col

Key = tuple[str, str | int]
ROWS: Key = ("rows", "")
REFUSED: Key = ("refused", "")


@dataclass(frozen=True)
class BatchMetrics:
    """What is counted of checked rows.

    `metrics` are aggregates over the rows; `filled` names the columns whose cells may become null: counting them before
    and after the cast is the only way to see it in one pass. Values outside the `training_domain` are counted where the
    rows go through Arrow.
    """

    filled: Sequence[str]
    metrics: Mapping[Key, Column]
    training_domain: TrainingDomain = field(default_factory=TrainingDomain)
    before: Observation = field(default_factory=Observation)
    after: Observation = field(default_factory=Observation)

    def watch_raw(self, rows: DataFrame) -> DataFrame:
        """The rows as they came, counted as they pass."""
        counts = {f"f{place}": F.count(col(name)) for place, name in enumerate(self.filled)}
        return rows.observe(self.before, *_named(counts)) if counts else rows

    def watch(self, checked: DataFrame, counts: Column | None = None) -> DataFrame:
        """The checked rows, counted as they pass; `counts` has, once for each part, those of what is not familiar."""
        told = {unfamiliar.COUNTS: F.collect_list(counts)} if counts is not None and self.training_domain.keys else {}
        return checked.observe(self.after, *_named(self._aggregates() | told))

    def observed(self, checked: Callable[[], DataFrame]) -> dict[Key, int | None]:
        """The counts of a plain write that read every row; after any other action this may wait for ever.

        What is not familiar is counted by a pass over the checked rows where no model had counted it on the way.
        """
        before: Mapping[str, Any] = self.before.get if self.filled else {}
        after: Mapping[str, Any] = self.after.get
        parts = after.get(unfamiliar.COUNTS)
        known = self.training_domain
        strange = unfamiliar.count(known, checked()) if parts is None else unfamiliar.summed(known, parts)
        return self._found(before, after) | strange

    def counted(self, rows: DataFrame, checked: DataFrame) -> dict[Key, int | None]:
        """The counts, by a pass over the checked rows and, where cells may be lost, one over those that came."""
        before: Any = {}
        if self.filled:
            counts = {f"f{place}": F.count(col(name)) for place, name in enumerate(self.filled)}
            before = rows.agg(*_named(counts)).collect()[0].asDict()
        after = checked.agg(*_named(self._aggregates())).collect()[0].asDict()
        return self._found(before, after) | unfamiliar.count(self.training_domain, checked)

    def _aggregates(self) -> dict[str, Column]:
        kept = {f"k{place}": F.count(col(name)) for place, name in enumerate(self.filled)}
        return {f"m{place}": metric for place, metric in enumerate(self.metrics.values())} | kept

    def _found(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[Key, int | None]:
        found: dict[Key, int | None] = {key: after[f"m{place}"] for place, key in enumerate(self.metrics)}
        for place, name in enumerate(self.filled):
            found["lost", name] = int(before[f"f{place}"]) - int(after[f"k{place}"])
        return found


def _named(columns: Mapping[str, Column]) -> list[Column]:
    return [column.alias(name) for name, column in columns.items()]

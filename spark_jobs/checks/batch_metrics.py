"""Counts of checked rows, collected while the rows are written or by a separate pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.unseen import COUNTS, count_unseen, sum_counts
from spark_jobs.columns.names import col

Key = tuple[str, str | int]
ROWS: Key = ("rows", "")
REFUSED: Key = ("refused", "")


@dataclass(frozen=True)
class BatchMetrics:
    """Metrics of the checked rows of one batch.

    Attributes:
        filled: columns whose cells may become null. They are counted before and after the cast, because only that shows
            lost cells within a single pass.
        metrics: aggregates over the checked rows.
        training_domain: the values seen in training. Values outside it are counted where the rows pass through Arrow.
        before: observes the raw rows.
        after: observes the checked rows.
    """

    filled: Sequence[str]
    metrics: Mapping[Key, Column]
    training_domain: TrainingDomain = field(default_factory=TrainingDomain)
    before: Observation = field(default_factory=Observation)
    after: Observation = field(default_factory=Observation)

    def watch_raw(self, rows: DataFrame) -> DataFrame:
        """Return the raw rows, with an observation that counts their filled cells."""
        counts = {f"f{place}": F.count(col(name)) for place, name in enumerate(self.filled)}
        return rows.observe(self.before, *_named(counts)) if counts else rows

    def watch(self, checked: DataFrame, counts: Column | None = None) -> DataFrame:
        """Return the checked rows, with an observation that collects the metrics.

        Args:
            checked: the typed rows with their check flags.
            counts: a column with the counts of unseen values, filled once per partition.
        """
        unseen = {COUNTS: F.collect_list(counts)} if counts is not None and self.training_domain.keys else {}
        return checked.observe(self.after, *_named(self._aggregates() | unseen))

    def observed(self, checked: Callable[[], DataFrame]) -> dict[Key, int | None]:
        """Return the observed counts after a plain write that read every row.

        After any other action the call may block forever. If no model counted the unseen values during the write, one
        pass over the checked rows counts them.

        Args:
            checked: returns the checked rows.
        """
        before: Mapping[str, Any] = self.before.get if self.filled else {}
        after: Mapping[str, Any] = self.after.get
        parts = after.get(COUNTS)
        domain = self.training_domain
        unseen = count_unseen(domain, checked()) if parts is None else sum_counts(domain, parts)
        return self._found(before, after) | unseen

    def counted(self, rows: DataFrame, checked: DataFrame) -> dict[Key, int | None]:
        """Return the counts from a pass over the checked rows, plus one over the raw rows if cells can be lost."""
        before: Any = {}
        if self.filled:
            counts = {f"f{place}": F.count(col(name)) for place, name in enumerate(self.filled)}
            before = rows.agg(*_named(counts)).collect()[0].asDict()
        after = checked.agg(*_named(self._aggregates())).collect()[0].asDict()
        return self._found(before, after) | count_unseen(self.training_domain, checked)

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

"""Progress of a stream, for the terminal and for the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from threading import Lock
from typing import Any, Final

from spark_jobs import progress
from spark_jobs.checks.report import CheckReport
from spark_jobs.formatting import format_duration

EVERY: Final = 30.0
SUMMED: Final = ("read", "scored", "quarantined", "duplicates")


@dataclass(frozen=True)
class BatchResult:
    """The result of one micro-batch.

    Attributes:
        read: rows read; each is scored, quarantined or a duplicate.
        duplicates: rows that were in the predictions already.
        cells: values that became null, by column.
        lag: the age of the newest row in seconds.
        others: messages with a key that is not a column.
        other: one such key, as an example.
    """

    number: int
    read: int
    scored: int
    quarantined: int
    duplicates: int = 0
    cells: Mapping[str, int] = field(default_factory=dict)
    found: CheckReport = field(default_factory=CheckReport)
    lag: float | None = None
    others: int = 0
    other: str | None = None


@dataclass(frozen=True)
class BatchRange:
    """Consecutive micro-batches that share a ledger row."""

    first: int
    last: int
    started: datetime
    read: int
    scored: int
    quarantined: int
    duplicates: int
    note: str


@dataclass
class StreamProgress:
    """Totals over micro-batches; every 30 seconds and at the end, the new ones are written to the ledger.

    One thread adds micro-batches and another writes them, so that no micro-batch waits for the ledger.
    """

    write: Callable[[BatchRange], None]
    totals: Counter[str] = field(default_factory=Counter)
    cells: Counter[str] = field(default_factory=Counter)
    found: CheckReport = field(default_factory=CheckReport)
    others: int = 0
    other: str | None = None
    waiting: list[BatchResult] = field(default_factory=list)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    behind: str = ""
    _writing: Lock = field(default_factory=Lock)

    def add(self, done: BatchResult) -> None:
        """Add a micro-batch to the totals."""
        for name in SUMMED:
            self.totals[name] += getattr(done, name)
        self.cells.update(done.cells)
        self.found = self.found.merge(done.found)
        self.others, self.other = self.others + done.others, self.other or done.other
        self.waiting.append(done)
        progress.detail(self.told())

    @property
    def is_due(self) -> bool:
        """Return whether 30 seconds have passed since the last ledger row."""
        return (datetime.now(UTC) - self.since).total_seconds() >= EVERY

    def see(self, said: Any) -> None:
        """Record from Spark's progress event how many messages are waiting."""
        sources = (said or {}).get("sources", []) if isinstance(said, Mapping) else getattr(said, "sources", [])
        metrics = [getattr(source, "metrics", None) or {} for source in sources]
        waiting = [int(float(one["maxOffsetsBehindLatest"])) for one in metrics if "maxOffsetsBehindLatest" in one]
        self.behind = f", {sum(waiting):,} behind" if waiting else ""

    def told(self) -> str:
        """Return the totals as one line."""
        rate = self._rate()
        lag = next(
            (f", lag {format_duration(done.lag)}" for done in reversed(self.waiting) if done.lag is not None), ""
        )
        refused = f", {self.totals['quarantined']:,} in quarantine" if self.totals["quarantined"] else ""
        return f"{self.totals['scored']:,} rows{refused}, {rate:,.0f} rows/s{lag}{self.behind}"

    def flush(self) -> None:
        """Write the micro-batches that are not in the ledger yet."""
        with self._writing:
            told, rate, since = self.waiting[:], self._rate(), self.since
            if not told:
                return
            self.write(_span(told, since, rate))
            self.waiting, self.since = self.waiting[len(told) :], datetime.now(UTC)

    def _rate(self) -> float:
        """Return the rows per second since the last ledger row."""
        spent = (datetime.now(UTC) - self.since).total_seconds()
        return sum(done.read for done in self.waiting) / max(spent, 0.001)


def _span(told: Sequence[BatchResult], since: datetime, rate: float) -> BatchRange:
    """Return micro-batches as one ledger row."""
    lags = [done.lag for done in told if done.lag is not None]
    lag = f", lag {format_duration(max(lags))} at most" if lags else ""
    found = reduce(CheckReport.merge, (done.found for done in told), CheckReport())
    note = f"micro-batches {told[0].number} to {told[-1].number}, {rate:,.0f} rows/s{lag}"
    note += "".join(f"; {one}" for one in found.failures)
    return BatchRange(
        told[0].number, told[-1].number, since, note=note, **{k: sum(getattr(d, k) for d in told) for k in SUMMED}
    )

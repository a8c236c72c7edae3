"""What a stream has done so far: for the person who watches it, and for the ledger."""

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

EVERY: Final = 30.0
SUMMED: Final = ("read", "scored", "quarantined", "duplicates")


@dataclass(frozen=True)
class BatchResult:
    """One micro-batch: its rows by fate, what the checks found, and the age of its newest row in seconds.

    `others` are messages with a key that is no column, such as `other`.
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
    """Micro-batches that share a row of the ledger."""

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
    """Sums over micro-batches; those since the last row of the ledger are written every half minute and at the end.

    Micro-batches are added by one thread and written by another, so that none of them waits for the ledger.
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
        """Takes a micro-batch in."""
        for name in SUMMED:
            self.totals[name] += getattr(done, name)
        self.cells.update(done.cells)
        self.found = self.found.with_those(done.found)
        self.others, self.other = self.others + done.others, self.other or done.other
        self.waiting.append(done)
        progress.detail(self.told())

    @property
    def is_due(self) -> bool:
        """Whether half a minute has gone by since the last row of the ledger."""
        return (datetime.now(UTC) - self.since).total_seconds() >= EVERY

    def see(self, said: Any) -> None:
        """What Spark tells of the stream: how many messages are waiting."""
        sources = (said or {}).get("sources", []) if isinstance(said, Mapping) else getattr(said, "sources", [])
        metrics = [getattr(source, "metrics", None) or {} for source in sources]
        waiting = [int(float(one["maxOffsetsBehindLatest"])) for one in metrics if "maxOffsetsBehindLatest" in one]
        self.behind = f", {sum(waiting):,} behind" if waiting else ""

    def told(self) -> str:
        """The sums in a line."""
        rate = self._rate()
        lag = next((f", lag {done.lag:.1f} s" for done in reversed(self.waiting) if done.lag is not None), "")
        refused = f", {self.totals['quarantined']:,} in quarantine" if self.totals["quarantined"] else ""
        return f"{self.totals['scored']:,} rows{refused}, {rate:,.0f} rows/s{lag}{self.behind}"

    def flush(self) -> None:
        """Writes what no row of the ledger tells yet."""
        with self._writing:
            told, rate, since = self.waiting[:], self._rate(), self.since
            if not told:
                return
            self.write(_span(told, since, rate))
            self.waiting, self.since = self.waiting[len(told) :], datetime.now(UTC)

    def _rate(self) -> float:
        """Rows a second since the last row of the ledger."""
        spent = (datetime.now(UTC) - self.since).total_seconds()
        return sum(done.read for done in self.waiting) / max(spent, 0.001)


def _span(told: Sequence[BatchResult], since: datetime, rate: float) -> BatchRange:
    """Micro-batches as one row of the ledger."""
    lags = [done.lag for done in told if done.lag is not None]
    lag = f", lag {max(lags):.1f} s at most" if lags else ""
    found = reduce(CheckReport.with_those, (done.found for done in told), CheckReport())
    note = f"micro-batches {told[0].number} to {told[-1].number}, {rate:,.0f} rows/s{lag}"
    note += "".join(f"; {one}" for one in found.broke)
    return BatchRange(
        told[0].number, told[-1].number, since, note=note, **{k: sum(getattr(d, k) for d in told) for k in SUMMED}
    )

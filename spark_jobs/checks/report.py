"""Report of a checked batch: the checks that fail, with counts, and the values that training had not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from spark_jobs.checks import BatchCheck, RowCheck
from spark_jobs.checks.batch_metrics import REFUSED, ROWS, Key
from spark_jobs.errors import DataError

_DONE = {"warn": "scored anyway", "quarantine": "quarantined", "fail": "batch refused"}


@dataclass(frozen=True)
class CheckFailure:
    """A check that a batch fails: by how many rows (`rows`), or as a whole and how (`found`)."""

    check: str
    severity: str
    rows: int | None = None
    found: str | None = None

    def __str__(self) -> str:
        what = self.found if self.rows is None else f"{self.rows:,} rows fail"
        return f"{self.check}: {what}"


@dataclass(frozen=True)
class CheckReport:
    """The results of a batch's checks.

    Attributes:
        rows: rows in the batch.
        refused: rows that go to quarantine.
        failures: the checks that fail.
        lost: cells that became null in the cast, by column.
        unseen: rows with a category that training had not seen, by column.
        outside: rows with a number outside the training range, by column.
    """

    rows: int = 0
    refused: int = 0
    failures: tuple[CheckFailure, ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)

    def merge(self, other: CheckReport) -> CheckReport:
        """Return the sum of two reports; for a check that fails as a whole in both, keep the finding of `other`."""
        failures = {(one.check, one.severity): one for one in self.failures}
        for one in other.failures:
            before = failures.get((one.check, one.severity))
            rows = one.rows if before is None or one.rows is None else one.rows + (before.rows or 0)
            failures[one.check, one.severity] = replace(one, rows=rows)
        return CheckReport(
            self.rows + other.rows,
            self.refused + other.refused,
            tuple(failures.values()),
            **{part: _sum(getattr(self, part), getattr(other, part)) for part in ("lost", "unseen", "outside")},
        )

    def extra(self) -> dict[str, object]:
        """Return the non-empty results for a job's JSON output."""
        failures = [
            {"check": one.check, "severity": one.severity}
            | ({"rows": one.rows} if one.rows is not None else {"found": one.found})
            for one in self.failures
        ]
        results = {"checks": failures, "unseen": dict(self.unseen), "outside": dict(self.outside)}
        return {name: value for name, value in results.items() if value}

    def lines(self) -> list[str]:
        """Return the results as lines for the terminal."""
        lines = [f"  check     {one} ({_DONE[one.severity]})" for one in self.failures]
        for name, counts in (("unseen", self.unseen), ("outside", self.outside)):
            if counts:
                what = "categories not seen in training" if name == "unseen" else "numbers outside the training range"
                lines.append(f"  {name:<9} {what}: " + ", ".join(f"{key} {count:,}" for key, count in counts.items()))
        return lines


def check_report(checks: Sequence[RowCheck | BatchCheck], counts: Mapping[Key, int | None]) -> CheckReport:
    """Return the report of a batch from its counts; only failing checks are listed."""
    rows = counts[ROWS] or 0
    return CheckReport(
        rows,
        counts.get(REFUSED) or 0,
        tuple(one for place, check in enumerate(checks) if (one := _failure(check, counts["check", place], rows))),
        **{part: _not_zero(counts, part) for part in ("lost", "unseen", "outside")},
    )


def refuse(found: CheckReport, location: str, changes: str) -> None:
    """Refuse a batch that fails a check of severity `fail`, or that lost cells if `changes.type` is `refuse`.

    Args:
        found: the report of the batch.
        location: the input, for the message.
        changes: the value of `changes.type`.

    Raises:
        DataError: the batch is refused; the message lists every failure.
    """
    failures = [str(one) for one in found.failures if one.severity == "fail"]
    if changes == "refuse":
        failures += [f"{name}: {count:,} cells do not parse as its type" for name, count in found.lost.items()]
    if failures:
        cause = f"{location} is refused, and nothing was written. {'; '.join(failures)}."
        raise DataError(cause, "Fix the data, or set `severity: quarantine` on the check.")


def _failure(check: RowCheck | BatchCheck, metric: int | None, rows: int) -> CheckFailure | None:
    if isinstance(check, RowCheck):
        return CheckFailure(check.describe(), check.severity, rows=metric) if metric else None
    found = check.failure(metric, rows)
    return None if found is None else CheckFailure(check.describe(), check.severity, found=found)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))


def _not_zero(counts: Mapping[Key, int | None], part: str) -> dict[str, int]:
    return {str(name): count for (kind, name), count in counts.items() if kind == part and count}

"""What the counts of a batch say: which checks it breaks and how often, and what training had not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from spark_jobs.checks.batch_checks import breach
from spark_jobs.checks.batch_metrics import REFUSED, ROWS, Key
from spark_jobs.checks.wording import described
from spark_jobs.errors import DataError
from spark_jobs.spec.checks import Check, TableCheck

_DONE = {"warn": "scored all the same", "quarantine": "in quarantine", "fail": "refused"}


@dataclass(frozen=True)
class CheckFailure:
    """A check that a batch breaks: by how many rows, or in which way as a whole."""

    check: str
    severity: str
    rows: int | None = None
    found: str | None = None

    def __str__(self) -> str:
        what = self.found if self.rows is None else f"{self.rows:,} rows break it"
        return f"{self.check}: {what}"


@dataclass(frozen=True)
class CheckReport:
    """The counts of a batch, in the words of its checks.

    `lost` has by column the cells that became null, `unseen` the rows with a level, `outside` the rows with a number
    that training did not know.
    """

    rows: int = 0
    refused: int = 0
    broke: tuple[CheckFailure, ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)

    def with_those(self, other: CheckReport) -> CheckReport:
        """The counts of both; of a check that both break as a whole, what was found by the other."""
        broke = {(one.check, one.severity): one for one in self.broke}
        for one in other.broke:
            before = broke.get((one.check, one.severity))
            rows = one.rows if before is None or one.rows is None else one.rows + (before.rows or 0)
            broke[one.check, one.severity] = replace(one, rows=rows)
        return CheckReport(
            self.rows + other.rows,
            self.refused + other.refused,
            tuple(broke.values()),
            **{part: _sum(getattr(self, part), getattr(other, part)) for part in ("lost", "unseen", "outside")},
        )

    def extra(self) -> dict[str, object]:
        """What a job's JSON tells of it."""
        broke = [
            {"check": one.check, "severity": one.severity}
            | ({"rows": one.rows} if one.rows is not None else {"found": one.found})
            for one in self.broke
        ]
        told: dict[str, object] = {"checks": broke, "unseen": dict(self.unseen), "outside": dict(self.outside)}
        return {name: value for name, value in told.items() if value}

    def lines(self) -> list[str]:
        """What a person reads of it."""
        lines = [f"  check     {one} ({_DONE[one.severity]})" for one in self.broke]
        for name, counts in (("unseen", self.unseen), ("outside", self.outside)):
            if counts:
                what = (
                    "levels that training did not know" if name == "unseen" else "numbers beyond those of the training"
                )
                lines.append(f"  {name:<9} {what}: " + ", ".join(f"{key} {count:,}" for key, count in counts.items()))
        return lines


def check_report(checks: Sequence[Check], counts: Mapping[Key, int | None]) -> CheckReport:
    """What counts say of the checks; a check that is met is not named."""
    rows = counts[ROWS] or 0
    return CheckReport(
        rows,
        counts.get(REFUSED) or 0,
        tuple(one for place, check in enumerate(checks) if (one := _broke(check, counts["check", place], rows))),
        **{part: _not_zero(counts, part) for part in ("lost", "unseen", "outside")},
    )


def refuse(found: CheckReport, location: str, changes: str) -> None:
    """Refuses a batch that breaks a check of severity `fail`, or that has cells of another type where that is asked.

    Raises:
        DataError: with everything that is broken.
    """
    said = [str(one) for one in found.broke if one.severity == "fail"]
    if changes == "refuse":
        said += [f"{name}: {count:,} cells are not read as its type" for name, count in found.lost.items()]
    if said:
        cause = f"{location} is refused, and nothing was written. {'; '.join(said)}."
        raise DataError(cause, "Fix the data, or let the check say `severity: quarantine`.")


def _broke(check: Check, count: int | None, rows: int) -> CheckFailure | None:
    if isinstance(check, TableCheck):
        said = breach(check, count, rows)
        return None if said is None else CheckFailure(described(check), check.severity, found=said)
    return CheckFailure(described(check), check.severity, rows=count) if count else None


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))


def _not_zero(counts: Mapping[Key, int | None], part: str) -> dict[str, int]:
    return {str(name): count for (kind, name), count in counts.items() if kind == part and count}

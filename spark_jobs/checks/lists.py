"""Lists in checks: their description and their mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spark_jobs.spec.mistakes import SpecIssue, repeated_names

_SHOWN = 6


def listed(values: Sequence[str]) -> str:
    """Return values joined by commas; of more than six, the first six and the total."""
    return ", ".join(values[:_SHOWN]) + (f" … ({len(values):,} in all)" if len(values) > _SHOWN else "")


def list_issues(key: str, values: Sequence[str], what: str) -> Iterator[SpecIssue]:
    """Yield an issue if a list is empty, and one for each repeated value.

    Args:
        key: The key of the list.
        values: The list.
        what: What it holds, such as "column".
    """
    if not values:
        yield SpecIssue((key,), f"must list at least one {what}.", "")
    yield from repeated_names((key,), values, what)

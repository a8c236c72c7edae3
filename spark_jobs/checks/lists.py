"""Lists in checks: their description and their mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spark_jobs.spec.mistakes import SpecIssue, repeated_names


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

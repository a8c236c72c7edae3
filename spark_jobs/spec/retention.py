"""The retention period of files that a Delta table no longer references."""

from __future__ import annotations

from spark_jobs.errors import SpecError

DAYS = 7


def check_keep(days: int | None, break_readers: bool) -> None:
    """Refuse a retention period that may delete files in use, unless `break_readers` allows it.

    Args:
        days: The value of `--keep` in days; None for the default.
        break_readers: Whether `--break-readers` was given.

    Raises:
        SpecError: The period is negative, or shorter than `DAYS` without `break_readers`.
    """
    if days is None:
        return
    if days < 0:
        raise SpecError(f"`--keep` must be a number of days, 0 or more. Got {days} instead.")
    if days < DAYS and not break_readers:
        raise SpecError(
            f"`--keep {days}` may delete files that a reader or a stream still needs: less than {DAYS} days need "
            "`--break-readers`.",
            f"Keep {DAYS} days or more, or add `--break-readers`.",
        )

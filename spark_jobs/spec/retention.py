"""How long files that a table no longer uses are kept."""

from __future__ import annotations

from spark_jobs.errors import SpecError

DAYS = 7


def check_keep(days: int | None, break_readers: bool) -> None:
    """Refuse to delete what somebody may still be reading, unless that was said.

    Raises:
        SpecError: the days are too few.
    """
    if days is None:
        return
    if days < 0:
        raise SpecError(f"`--keep` must be a number of days, 0 or more. Got {days} instead.")
    if days < DAYS and not break_readers:
        raise SpecError(
            f"`--keep {days}` deletes files that a reader or a stream may still need: less than {DAYS} days are "
            "kept only if that is said.",
            f"Keep {DAYS} days or more, or add `--break-readers`.",
        )

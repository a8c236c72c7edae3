"""The result of `profile`."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from shutil import get_terminal_size

from rich.console import Console

from spark_jobs import progress
from spark_jobs.profile.profile import Profile
from spark_jobs.report.terminal_table import build_profile_table
from spark_jobs.results.result import Result
from spark_jobs.training.prepare import SourceProfile

_WIDTH = 140


def profile_result(seen: SourceProfile, profile: Profile, kinds: Mapping[str, str], page: Path) -> Result:
    """Return the result of `profile`.

    Args:
        seen: The inspected source.
        profile: The profile of its columns.
        kinds: The type of each column.
        page: The HTML page of the profile.
    """
    return Result(
        job="profile",
        rows={"read": profile.rows + seen.table.malformed_count, "malformed": seen.table.malformed_count},
        cells=seen.lost,
        seconds=progress.seconds(),
        extra={"page": str(page), "columns": _columns(seen, profile)},
        summary=(*_table_lines(profile, kinds), f"page: {page}"),
    )


def _columns(seen: SourceProfile, profile: Profile) -> dict[str, dict[str, object]]:
    return {
        name: {
            "kind": kind.kind,
            "reason": kind.reason,
            "missing": profile[name].missing,
            "distinct": profile[name].distinct,
        }
        for name, kind in seen.types.items()
    }


def _table_lines(profile: Profile, kinds: Mapping[str, str]) -> tuple[str, ...]:
    width = min(get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    console = Console(width=width, record=True, file=StringIO())
    console.print(build_profile_table(profile, kinds))
    return tuple(console.export_text().rstrip().splitlines())

"""profile: profile the source's columns, in the terminal and as an HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from shutil import get_terminal_size

from pyspark.sql import SparkSession
from rich.console import Console

from spark_jobs import progress
from spark_jobs.columns.casts import typed
from spark_jobs.profile.profile import Profile
from spark_jobs.profile.scan import scan
from spark_jobs.report.profile_page import write_profile_page
from spark_jobs.report.terminal_table import build_profile_table
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec
from spark_jobs.training.prepare import SourceProfile, profile_source

_WIDTH = 140


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Profile every column as its detected type, in two passes over the source."""
    return profile_with_result(spec, spark, env)[1]


def profile_with_result(spec: Spec, spark: SparkSession, env: Environment) -> tuple[Profile, Result]:
    """Return the profile of a source and the result that the command line prints; write the HTML page."""
    seen = profile_source(spec, spark)
    with progress.phase("profiling"):
        profile = scan(typed(seen.table.rows, list(seen.types.values()), spec.timezone))
    kinds = {name: kind.kind for name, kind in seen.types.items()}
    folder = Path(env.root).resolve() / "profiles" / spec.name
    page = write_profile_page(folder / "profile.html", spec.name, profile, kinds)
    (folder / "profile.json").write_text(profile.to_json(), encoding="utf-8")
    return profile, Result(
        job="profile",
        rows={"read": profile.rows + seen.table.malformed_count, "malformed": seen.table.malformed_count},
        cells=seen.lost,
        seconds=progress.seconds(),
        extra={"page": str(page), "columns": _columns(seen, profile)},
        summary=(*_drawn(profile, kinds), f"page: {page}"),
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


def _drawn(profile: Profile, kinds: Mapping[str, str]) -> tuple[str, ...]:
    width = min(get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    console = Console(width=width, record=True, file=StringIO())
    console.print(build_profile_table(profile, kinds))
    return tuple(console.export_text().rstrip().splitlines())

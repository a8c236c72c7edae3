"""profile: profile the source's columns, in the terminal and as an HTML page."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.columns.casts import typed
from spark_jobs.profile.profile import Profile
from spark_jobs.profile.scan import scan
from spark_jobs.report.profile_page import write_profile_page
from spark_jobs.results.profile import profile_result
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec
from spark_jobs.training.prepare import profile_source


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
    return profile, profile_result(seen, profile, kinds, page)

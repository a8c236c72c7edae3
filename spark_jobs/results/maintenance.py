"""The result of `maintain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spark_jobs import progress
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec
from spark_jobs.tables.delta import table_path
from spark_jobs.tables.ledger import TABLE as LEDGER
from spark_jobs.tables.maintenance import MaintenanceResult


def maintenance_result(
    spec: Spec, env: Environment, names: Sequence[str], done: Mapping[str, MaintenanceResult], dry_run: bool
) -> Result:
    """Return the result of `maintain`.

    Args:
        spec: The spec of the use case.
        env: The environment, whose root folder holds the tables.
        names: The use case's tables.
        done: What was done, by name of table; a table that does not exist yet is absent.
        dry_run: Whether nothing was changed.
    """
    absent = [name for name in names if name not in done]
    places = {name: table_path(env.root, name) for name in done}
    what = "what would be deleted" if dry_run else "its tables"
    return Result(
        job="maintain",
        tables=places if dry_run else {**places, LEDGER: table_path(env.root, LEDGER)},
        seconds=progress.seconds(),
        extra={
            "maintained": {name: one.to_dict() for name, one in done.items()},
            **({"dry_run": True} if dry_run else {}),
            **({"absent": absent} if absent else {}),
        },
        summary=(
            f"{spec.name}: {what}.",
            *(f"  {maintenance_line(name, one, dry_run)}" for name, one in done.items()),
            *([f"  not created yet: {', '.join(absent)}"] if absent else []),
        ),
    )


def maintenance_line(name: str, one: MaintenanceResult, dry_run: bool = False) -> str:
    """Return what was done to a table, for the summary and the ledger."""
    size = "" if one.removed_bytes is None else f" of {one.removed_bytes:,} bytes"
    removed = f"{one.removed_files:,} old files{size} {'would be ' if dry_run else ''}deleted"
    files = f"{one.files_before:,} files" + ("" if dry_run else f" became {one.files_after:,}")
    return f"{name}: {files}, {removed}"

"""Spark's UTC offsets of a model's time zone, saved with the pipeline and compiled into its graph.

Java and Python have their own time zone tables, of different age and with different offsets before 1970 (for example
Europe/Oslo). Only Spark's own table gives a graph that matches the Spark pipeline.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.bundle.manifest import CLOCK
from spark_jobs.bundle.moments import DAY
from spark_jobs.columns.cells import wall_sql
from spark_jobs.errors import BundleError
from spark_jobs.features.calendar import EPOCH, FIRST, LAST, TimezoneTable
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_STEPS = (DAY, 3600, 60, 1)


def save_timezone_table(plan: Plan, pipeline: Path, spark: SparkSession) -> None:
    """Save the time zone table of a plan with its pipeline, if the model needs one."""
    if _reads_clock(plan):
        (pipeline / CLOCK).write_text(timezone_table_of(plan.timezone, spark).to_json(), encoding="utf-8")


def load_timezone_table(plan: Plan, pipeline: Path) -> TimezoneTable:
    """Load the table that `save_timezone_table` wrote, or the table of UTC if the model needs none.

    Raises:
        BundleError: The table is missing, malformed, or of another time zone.
    """
    if not _reads_clock(plan):
        return TimezoneTable()
    try:
        clock = TimezoneTable.from_json((pipeline / CLOCK).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"The saved pipeline has no readable {CLOCK}: {error!r:.200}.") from error
    if clock.zone != plan.timezone or len(clock.offsets) != len(clock.moments) + 1:
        raise BundleError(f"The {CLOCK} of the saved pipeline is not the table of {plan.timezone}.")
    return clock


def _reads_clock(plan: Plan) -> bool:
    parts = [one for one in plan.inputs if one.part not in (None, "elapsed")]
    return plan.timezone != "UTC" and any(plan.type_of(one.column).cells == "timestamp" for one in parts)


@lru_cache(maxsize=16)
def timezone_table_of(zone: str, spark: SparkSession) -> TimezoneTable:
    """Return the UTC offsets that Spark applies in a time zone.

    One small Spark job finds the days on which the offset changes, then narrows them to hours, minutes and seconds.
    """
    first, last = ((datetime(year, 1, 1, tzinfo=UTC) - EPOCH).days for year in (FIRST, LAST))
    rows = spark.range(first, last, 1, 2).selectExpr(f"id * {DAY} AS at")
    for step, finer in pairwise(_STEPS):
        within = f"explode(sequence(at, at + {step - finer}, {finer})) AS at"
        rows = rows.where(_changes(zone, step)).selectExpr(within)
    told = rows.where(_changes(zone, 1)).selectExpr("at + 1", _ahead(zone, "at"), _ahead(zone, "at + 1"))
    found = sorted((int(moment), int(before), int(after)) for moment, before, after in told.collect())
    if not found:
        always = spark.range(1).selectExpr(_ahead(zone, "id")).first()
        return TimezoneTable(zone, (), (int(always[0]) if always else 0,))
    return TimezoneTable(
        zone, tuple(moment for moment, _, _ in found), (found[0][1], *(after for _, _, after in found))
    )


def _changes(zone: str, step: int) -> str:
    return f"{_ahead(zone, 'at')} != {_ahead(zone, f'at + {step}')}"


def _ahead(zone: str, seconds: str) -> str:
    utc = f"timestampadd(SECOND, {seconds}, TIMESTAMP_NTZ'1970-01-01 00:00:00')"
    # Not timestampdiff, which would read both as local times in the session's time zone, which has gaps.
    return f"CAST(CAST({wall_sql(f'timestamp_seconds({seconds})', zone)} - {utc} AS INTERVAL SECOND) AS BIGINT)"

"""The clock of a model's time zone, as Spark has it: kept beside the saved pipeline, whose graph goes by it.

Java and Python bring tables of their own, of different age and with different views of the years before 1970
(Europe/Oslo, say), so that no other table than Spark's can make a graph that says what Spark says.
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
    """Write the clock of a plan's zone into its saved pipeline, where the model reads one."""
    if _reads_clock(plan):
        (pipeline / CLOCK).write_text(timezone_table_of(plan.timezone, spark).to_json(), encoding="utf-8")


def load_timezone_table(plan: Plan, pipeline: Path) -> TimezoneTable:
    """The clock that `save_timezone_table` wrote; that of UTC where the model reads none.

    Raises:
        JobError: there is none, or it is that of another zone.
    """
    if not _reads_clock(plan):
        return TimezoneTable()
    try:
        clock = TimezoneTable.from_json((pipeline / CLOCK).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"The saved pipeline has no {CLOCK} that can be read: {error!r:.200}.") from error
    if clock.zone != plan.timezone or len(clock.offsets) != len(clock.moments) + 1:
        raise BundleError(f"The {CLOCK} of the saved pipeline is not that of {plan.timezone}.")
    return clock


def _reads_clock(plan: Plan) -> bool:
    parts = [one for one in plan.inputs if one.part not in (None, "elapsed")]
    return plan.timezone != "UTC" and any(plan.type_of(one.column).cells == "timestamp" for one in parts)


@lru_cache(maxsize=16)
def timezone_table_of(zone: str, spark: SparkSession) -> TimezoneTable:
    """The clock by which Spark turns moments into wall time in a zone.

    One small Spark job: the days on which the offset changes, of those the hours, the minutes, the seconds.
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
    # Not timestampdiff: it would read both as wall time in the session's own zone, which has gaps.
    return f"CAST(CAST({wall_sql(f'timestamp_seconds({seconds})', zone)} - {utc} AS INTERVAL SECOND) AS BIGINT)"

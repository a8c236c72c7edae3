"""The clock of a zone as Spark has it, kept beside the pipeline."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from spark_jobs.bundle.manifest import CLOCK
from spark_jobs.features.calendar import EPOCH
from spark_jobs.graph.timezone import load_timezone_table, save_timezone_table, timezone_table_of


def offset_at(clock, seconds):
    return clock.offsets[sum(moment <= seconds for moment in clock.moments)]


def test_sparks_clock_is_pythons_in_a_zone_whose_history_is_undisputed(spark):
    clock, zone = timezone_table_of("America/New_York", spark), ZoneInfo("America/New_York")
    assert clock.offsets[0] == -17_762, "local mean time"
    chance = random.Random(5)
    moments = [chance.randrange(-5_000_000_000, 16_000_000_000) for _ in range(2000)]
    moments += [moment + off for moment in clock.moments for off in (-1, 0)]
    for seconds in moments:
        wanted = (EPOCH + timedelta(seconds=seconds)).astimezone(zone).utcoffset().total_seconds()
        assert offset_at(clock, seconds) == wanted, seconds


def test_sparks_clock_is_asked_where_it_is_not_pythons(spark):
    """Java keeps what Norway's clocks did before 1970; the newer tables that Python reads have Berlin's instead."""
    clock = timezone_table_of("Europe/Oslo", spark)
    moment = datetime(1916, 7, 1, 12, tzinfo=UTC)
    asked = f"convert_timezone('UTC', 'Europe/Oslo', TIMESTAMP_NTZ'{moment:%Y-%m-%d %H:%M:%S}')"
    wall = spark.range(1).selectExpr(f"{asked} AS wall").first().wall
    ahead = (wall - moment.replace(tzinfo=None)).total_seconds()
    assert offset_at(clock, (moment - EPOCH).total_seconds()) == ahead


@pytest.mark.parametrize("own", ["Europe/Berlin", "Pacific/Chatham"])
def test_the_sessions_own_zone_changes_nothing(spark, own):
    spark.conf.set("spark.sql.session.timeZone", own)
    clock = timezone_table_of.__wrapped__("Europe/Berlin", spark)
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert clock == timezone_table_of.__wrapped__("Europe/Berlin", spark)


@pytest.mark.parametrize(("zone", "offset"), [("Etc/GMT+5", -18_000), ("UTC", 0)])
def test_a_zone_whose_clock_never_changes_has_one_offset(spark, zone, offset):
    clock = timezone_table_of(zone, spark)
    assert (clock.moments, clock.offsets) == ((), (offset,))


def test_a_clock_is_kept_only_where_the_model_reads_one(spark, pipelines, tmp_path):
    reading = pipelines["tree, scaled, by the clock"]
    assert (reading.folder / CLOCK).is_file()
    assert load_timezone_table(reading.plan, reading.folder) == timezone_table_of("Europe/Oslo", spark)
    plain = pipelines["svm, two classes"]
    assert not (plain.folder / CLOCK).exists()
    save_timezone_table(plain.plan, tmp_path, spark)
    assert not (tmp_path / CLOCK).exists()
    assert load_timezone_table(plain.plan, tmp_path).moments == ()

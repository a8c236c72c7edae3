"""Days and moments from text and from Python's own, against values worked out by hand and by `datetime`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from spark_jobs.bundle.moments import (
    DAY,
    MICRO,
    Zones,
    ZoneTable,
    day_of,
    day_of_text,
    days_of,
    moment_of,
    moment_of_text,
    moments_of,
    zone_in,
    zone_of,
)

BERLIN = zone_of("Europe/Berlin")
US = ("MM/dd/yyyy hh:mm:ss a", "dd-MMM-yyyy", "yy-MM-dd")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-02", 1),
        ("2020-02-29", 18321),
        ("2019-02-29", None),
        ("0001-01-01", -719162),
        ("5-jan-1970", 4),
        ("70-01-02", 36526),  # 2070
        ("01/02/1970", None),
        ("1970-01-02\n", None),
    ],
)
def test_text_is_a_day_by_iso_or_a_format(text, expected):
    assert day_of_text(text, US) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01 01:00", 0.0),  # Berlin was an hour ahead
        ("1970-01-01 01:00:00.1234567+01:00", 0.123456),
        ("02/08/2015 11:43:40 PM", 1423435420.0),
        ("02/08/2015 12:03:40 am", 1423350220.0),
        ("2015-02-08", 1423350000.0),
        ("2021-03-28 02:30", 1616895000.0),  # skipped: counts by the offset before, half past three
        ("2021-10-31 02:30", 1635640200.0),  # twice: the first
        ("2021-10-31 02:30-01:30", 1635652800.0),
        ("2021-10-31 24:00", None),
        ("2021-02-29 10:00", None),
    ],
)
def test_text_is_a_moment_by_iso_or_a_format_in_the_zone(text, expected):
    found = moment_of_text(text, US, BERLIN)
    assert (found if found is None else found / MICRO) == expected


def test_a_moment_with_an_offset_is_an_instant_and_one_without_is_wall_time():
    zones = Zones.of(BERLIN, zone_of("Asia/Tokyo"))
    moment = datetime(2020, 7, 1, 0, 30)
    assert moment_of(moment.replace(tzinfo=UTC), zones) == int(moment.replace(tzinfo=UTC).timestamp()) * MICRO
    assert moment_of(moment, zones) == int(moment.replace(tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()) * MICRO
    assert moment_of(moment.date(), zones) == int(datetime(2020, 6, 30, 22, tzinfo=UTC).timestamp()) * MICRO
    assert day_of(moment, zones) == date(2020, 6, 30).toordinal() - date(1970, 1, 1).toordinal()
    assert day_of(moment, Zones.of(BERLIN)) == day_of(moment.date(), zones) == 18444
    assert day_of(moment.replace(tzinfo=timezone(timedelta(hours=-5))), zones) == 18444


def test_arrays_of_moments_are_moved_as_each_of_them():
    zones = Zones.of(BERLIN, zone_of("America/Sao_Paulo"))
    start = datetime(2017, 10, 14)
    walls = [start + timedelta(minutes=97 * step, microseconds=step) for step in range(400)]
    ticks = np.array(walls, dtype="datetime64[us]").astype(np.int64)
    assert moments_of(ticks, zones, wall=True).tolist() == [moment_of(wall, zones) for wall in walls]
    assert days_of(ticks, zones, wall=True).tolist() == [day_of(wall, zones) for wall in walls]
    aware = [wall.replace(tzinfo=UTC) for wall in walls]
    assert moments_of(ticks, zones, wall=False).tolist() == [moment_of(moment, zones) for moment in aware]
    assert days_of(ticks, zones, wall=False).tolist() == [day_of(moment, zones) for moment in aware]
    assert days_of(ticks[:0], zones, wall=True).tolist() == []


def table_of(name: str) -> ZoneTable:
    """A zone's table made from Python's own, by looking at every hour from 1995 to 2500."""
    zone, hour = ZoneInfo(name), timedelta(hours=1)
    moment, moments = datetime(1995, 1, 1, tzinfo=UTC), []
    offsets = [int(moment.astimezone(zone).utcoffset().total_seconds())]
    while moment.year < 2500:
        ahead = int(moment.astimezone(zone).utcoffset().total_seconds())
        if ahead != offsets[-1]:
            moments.append(int(moment.timestamp()))
            offsets.append(ahead)
        moment += hour * (24 * 5 if moment.month in (1, 2, 5, 6, 7, 8, 12) else 1)
    return zone_in(json.dumps({"zone": name, "moments": moments, "offsets": offsets}))


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
def test_a_zone_by_a_table_tells_the_time_as_the_zone_itself(name):
    table, zone = table_of(name), ZoneInfo(name)
    start = datetime(2019, 1, 1)
    days = [start + timedelta(days=n, minutes=37 * n) for n in range(800)]
    days += [datetime(2021, 3, 28, 2, 30), datetime(2021, 10, 31, 2, 30), datetime(2021, 3, 14, 2, 30)]
    days += [datetime(2021, 11, 7, 1, 30), datetime(2999, 7, 1), datetime(2999, 12, 1)]
    for day in days:
        assert day.replace(tzinfo=table).utcoffset() == day.replace(tzinfo=zone).utcoffset(), day
        there = day.replace(tzinfo=UTC)
        assert there.astimezone(table).replace(tzinfo=None) == there.astimezone(zone).replace(tzinfo=None), day


def test_a_zone_that_never_changed_has_a_table_of_one_offset():
    table = zone_in('{"zone": "Etc/GMT-3", "moments": [], "offsets": [10800]}')
    assert moment_of_text("1970-01-01 03:00:00", (), table) == 0
    assert days_of(np.array([22 * 3600 * MICRO]), Zones.of(table), wall=False).tolist() == [1]
    assert DAY == 24 * 3600

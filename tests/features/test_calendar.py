"""The graph's calendar against Python's, on thousands of moments in zones with and without summer time."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from run_graph import ran

from spark_jobs.features import PARTS
from spark_jobs.features.calendar import EPOCH, FIRST, LAST, TimezoneTable, part_of_date, part_of_moment
from spark_jobs.ops.dialect import legacy_opset

ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]
ZONES += ["Africa/Casablanca", "Europe/Dublin", "Antarctica/Troll", "Africa/Monrovia"]


def clock_of(zone):
    """Python's own table of a zone: the moments, to the second, at which its offset changes."""
    if zone == "UTC":
        return TimezoneTable()
    where = ZoneInfo(zone)

    def ahead(second):
        return int((EPOCH + timedelta(seconds=second)).astimezone(where).utcoffset().total_seconds())

    first, last = (int((datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) for year in (FIRST, LAST))
    moments, offsets = [], [ahead(first)]
    for low in range(first, last, 86_400):
        high, old = low + 86_400, offsets[-1]
        if ahead(high) != old:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if ahead(middle) == old else (low, middle)
            moments.append(high)
            offsets.append(ahead(high))
    return TimezoneTable(zone, tuple(moments), tuple(offsets))


def part_by_python(moment, part, zone):
    if part == "elapsed":
        off = moment - EPOCH
        return (off.days * 86_400_000_000 + off.seconds * 1_000_000 + off.microseconds) / 86_400_000_000
    return wall_part(moment.astimezone(ZoneInfo(zone)), part)


def wall_part(wall, part):
    return float(wall.weekday() if part == "weekday" else getattr(wall, part))


def seconds(moment):
    off = moment - EPOCH
    return (off.days * 86_400_000_000 + off.seconds * 1_000_000 + off.microseconds) / 1e6


def moments_for(clock):
    """Moments of two millennia, of ten, and about each change of the clock."""
    chance = random.Random(4)
    usual = [EPOCH + timedelta(microseconds=chance.randrange(-(2**33) * 10**6, 2**33 * 10**6)) for _ in range(3000)]
    far = [datetime(2, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(9996 * 31_556_952)) for _ in range(2000)]
    edges = [datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, 23, 59, 59, tzinfo=UTC), EPOCH]
    about = [
        EPOCH + timedelta(seconds=moment, microseconds=off)
        for moment in clock.moments
        for off in (-1_000_000, -1, 0, 1)
        if abs(moment) < 2**33
    ]
    return [*usual, *far, *edges, *about]


@pytest.mark.parametrize("zone", ZONES)
def test_parts_of_a_moment_are_those_of_the_clock_on_the_wall(zone):
    clock = clock_of(zone)
    moments = moments_for(clock)
    given = [seconds(moment) for moment in moments]
    for part in PARTS:
        found = ran(lambda x, part=part: part_of_moment(x, part, clock), given)
        wanted = np.array([part_by_python(moment, part, zone) for moment in moments])
        wrong = np.flatnonzero(~np.isclose(found, wanted, rtol=1e-15, atol=0))
        assert not len(wrong), (part, moments[wrong[0]], found[wrong[0]], wanted[wrong[0]])


def test_older_operators_read_the_same_clock():
    clock = clock_of("Europe/Dublin")
    given = [seconds(moment) for moment in moments_for(clock)]
    today = ran(lambda x: part_of_moment(x, "hour", clock), given)
    with legacy_opset():
        before = ran(lambda x: part_of_moment(x, "hour", clock), given)
    np.testing.assert_array_equal(before, today)


def test_parts_of_every_day_of_four_centuries_and_of_days_far_away():
    days = [date(1600, 1, 1) + timedelta(days=off) for off in range(0, 146_098 * 2, 3)]
    days += [date(1, 1, 1), date(1, 3, 1), date(9999, 12, 31), date(4, 2, 29), date(1900, 2, 28), date(2000, 2, 29)]
    given = [(day - EPOCH.date()).days * 86_400.0 for day in days]
    for part in PARTS[:5]:
        found = ran(lambda x, part=part: part_of_date(x, part), given)
        wanted = [(day - EPOCH.date()).days if part == "elapsed" else wall_part(day, part) for day in days]
        np.testing.assert_array_equal(found, wanted)


def test_a_date_given_later_on_its_day_is_that_day():
    noon = (date(2024, 2, 29) - EPOCH.date()).days * 86_400.0 + 43_200.5
    assert [ran(lambda x, part=part: part_of_date(x, part), [noon]).item() for part in PARTS[1:5]] == [2024, 2, 29, 3]


def test_what_is_missing_has_no_parts():
    clock = clock_of("America/New_York")
    for part in PARTS:
        assert np.isnan(ran(lambda x, part=part: part_of_moment(x, part, clock), [np.nan])).all()
        assert np.isnan(ran(lambda x, part=part: part_of_date(x, part), [np.nan])).all()


def test_a_clock_survives_being_stored():
    clock = TimezoneTable("Asia/Kolkata", (-5, 7), (0, 19_800, 1))
    assert TimezoneTable.from_json(clock.to_json()) == clock

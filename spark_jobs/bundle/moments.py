"""Conversion of dates and times, from text or Python values, to days or microseconds since 1970 UTC.

The results equal those of `spark_jobs.columns.cells` in SQL. Text is parsed by `patterns`; fractions are truncated to
microseconds. As in Java, a local time in a gap uses the offset before the gap, and an ambiguous one is the earlier.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from spark_jobs.bundle.patterns import ISO_DATE, ISO_TIMESTAMP, MONTHS, pattern

DAY = 86_400
MICRO = 1_000_000
Whole = npt.NDArray[np.int64]
_EPOCH = date(1970, 1, 1).toordinal()
_TICK = timedelta(microseconds=1)
_FIRST = (date(1, 1, 1).toordinal() - _EPOCH) * DAY
_LAST = (date(9999, 12, 31).toordinal() - _EPOCH + 1) * DAY
CYCLIC = (date(2100, 1, 1).toordinal() - _EPOCH) * DAY  # from here on, the offsets of a zone repeat
CYCLE = 146_097 * DAY  # every 400 years


@dataclass(frozen=True)
class Zones:
    """The time zones of local times: `zone` for text without an offset, `wall` for naive datetimes."""

    zone: tzinfo
    wall: tzinfo

    @classmethod
    def of(cls, zone: tzinfo, wall: tzinfo | None = None) -> Zones:
        """Return zones with `zone` for text, and `wall` (default: `zone`) for naive datetimes."""
        return cls(zone, wall or zone)


class ZoneTable(tzinfo):
    """A time zone defined by a table of UTC offsets in seconds.

    `offsets[0]` applies before `moments[0]` (seconds since 1970), `offsets[i + 1]` from `moments[i]` on. Java and
    Python have tables of different age and with different offsets before 1970. Only Spark's own table, which a bundle
    contains, converts local times as Spark does.
    """

    def __init__(self, moments: Sequence[int], offsets: Sequence[int]) -> None:
        self.moments, self.offsets = list(moments), list(offsets)
        changes = zip(moments, offsets[:-1], offsets[1:], strict=True)
        self.walls = [moment + max(before, after) for moment, before, after in changes]

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        """Return the UTC offset of a local time."""
        return None if moment is None else self._ahead(self.walls, _wall(moment) // MICRO)

    def fromutc(self, moment: datetime) -> datetime:
        """Return the local time of an instant in UTC."""
        return moment + self._ahead(self.moments, _wall(moment) // MICRO)

    def dst(self, moment: datetime | None) -> None:
        """Return None, since the table does not separate daylight saving time."""

    def tzname(self, moment: datetime | None) -> None:
        """Return None, since the zone has no name."""

    def _ahead(self, changes: Sequence[int], seconds: int) -> timedelta:
        within = seconds if seconds < CYCLIC else CYCLIC + (seconds - CYCLIC) % CYCLE
        return timedelta(seconds=self.offsets[bisect_right(changes, within)])


@cache
def zone_of(name: str) -> tzinfo:
    """Return the time zone of an IANA name, from Python's table."""
    return UTC if name == "UTC" else ZoneInfo(name)


def zone_in(text: str) -> tzinfo:
    """Return the time zone of a bundle's `clock.json`."""
    stored = json.loads(text)
    return ZoneTable(stored["moments"], stored["offsets"])


def day_of_text(text: str, formats: Sequence[str]) -> int | None:
    """Parse trimmed text, ISO 8601 or one of the formats, to days since 1970; return None if it is not a date."""
    days = (form for form in (ISO_DATE, *formats) if not pattern(form).timed)
    return next((found for form in days if (found := _day(_read(text, form))) is not None), None)


def moment_of_text(text: str, formats: Sequence[str], zone: tzinfo) -> int | None:
    """Parse trimmed text, ISO 8601 or one of the formats, to microseconds since 1970 UTC, or None if it is no time."""
    forms = dict.fromkeys((ISO_TIMESTAMP, ISO_DATE, *formats))
    return next((found for form in forms if (found := _moment(_read(text, form), zone)) is not None), None)


def day_of(value: date, zones: Zones) -> int:
    """Return the days since 1970 of a date, or of a datetime in the plan's time zone."""
    if not isinstance(value, datetime) or (value.tzinfo is None and zones.wall is zones.zone):
        return value.toordinal() - _EPOCH
    return _local(moment_of(value, zones), zones.zone) // (DAY * MICRO)


def moment_of(value: date, zones: Zones) -> int:
    """Return the microseconds since 1970 UTC of a datetime, or of a date's midnight in the plan's time zone."""
    if not isinstance(value, datetime):
        return _instant(datetime(value.year, value.month, value.day), zones.zone)
    offset = value.utcoffset()
    wall = datetime(value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return _instant(wall, zones.wall) if offset is None else _wall(wall) - offset // _TICK


def days_of(ticks: Whole, zones: Zones, *, wall: bool) -> Whole:
    """Convert to days since 1970 in the plan's time zone, `[N]`; the arguments are those of `moments_of`."""
    if wall and zones.wall is zones.zone:
        return ticks // (DAY * MICRO)
    return _each_second(moments_of(ticks, zones, wall=wall), lambda tick: _local(tick, zones.zone)) // (DAY * MICRO)


def moments_of(ticks: Whole, zones: Zones, *, wall: bool) -> Whole:
    """Convert ticks `[N]` to microseconds since 1970 UTC; `wall` says that they are local time, else they are UTC."""
    if not wall or zones.wall is UTC:
        return ticks
    return _each_second(ticks, lambda tick: _instant(_naive(tick), zones.wall))


def within_years(ticks: Whole) -> npt.NDArray[np.bool_]:
    """Return whether microseconds of local time are in the years 1 to 9999, the range of text dates."""
    found: npt.NDArray[np.bool_] = (ticks >= _FIRST * MICRO) & (ticks < _LAST * MICRO)
    return found


def _each_second(ticks: Whole, moved: Callable[[int], int]) -> Whole:
    """Shift each tick like its whole second, computed once for each distinct second."""
    seconds, places = np.unique(ticks // MICRO, return_inverse=True)
    shifts = np.array([moved(int(second) * MICRO) - int(second) * MICRO for second in seconds], dtype=np.int64)
    return ticks + shifts[places.reshape(-1)] if len(ticks) else ticks


def _instant(wall: datetime, zone: tzinfo) -> int:
    offset = wall.replace(tzinfo=zone).utcoffset() or timedelta()
    return _wall(wall) - offset // _TICK


def _local(tick: int, zone: tzinfo) -> int:
    """Return the local time of an instant in a time zone, in microseconds."""
    if zone is UTC:
        return tick
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=tick)).astimezone(zone)
    return _wall(moment)


def _naive(tick: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(microseconds=tick)


def _wall(moment: datetime) -> int:
    seconds = (moment.toordinal() - _EPOCH) * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second
    return seconds * MICRO + moment.microsecond


@cache
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(pattern(form).regex(names=True))


def _read(text: str, form: str) -> dict[str, str] | None:
    """Return the parts of a text by a pattern, or None; two-digit years get the century 20."""
    found = _compiled(form).fullmatch(text)
    if found is None:
        return None
    parts = {name: part for name, part in found.groupdict().items() if part is not None}
    return parts | {"year": "20" + parts["year"]} if pattern(form).short_year else parts


def _day(parts: dict[str, str] | None) -> int | None:
    if parts is None:
        return None
    month = parts["month"]
    number = int(month) if month.isdecimal() else MONTHS.index(month[:3].lower()) // 3 + 1
    try:
        return date(int(parts["year"]), number, int(parts["day"])).toordinal() - _EPOCH
    except ValueError:
        return None


def _moment(parts: dict[str, str] | None, zone: tzinfo) -> int | None:
    day = _day(parts)
    if parts is None or day is None:
        return None
    whole, _, fraction = (parts.get("second", "00") if "hour" in parts else "00").partition(".")
    minute = int(parts.get("minute", 0)) if "hour" in parts else 0
    second = (_hour(parts) * 60 + minute) * 60 + int(whole)
    tick = (day * DAY + second) * MICRO + int(fraction[:6].ljust(6, "0"))
    offset = parts.get("offset")
    return _instant(_naive(tick), zone) if offset is None else tick - _seconds(offset) * MICRO


def _hour(parts: dict[str, str]) -> int:
    hour, half = int(parts.get("hour", 0)), parts.get("half")
    if half is None or "hour" not in parts:
        return hour
    return hour % 12 + (12 if half.upper() == "PM" else 0)


def _seconds(offset: str) -> int:
    """Convert a UTC offset (`Z`, `UTC`, `+01`, `+0100` or `+01:00`) to seconds."""
    if offset[0] not in "+-":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[3:].removeprefix(":") or 0)
    return (-1 if offset[0] == "-" else 1) * minutes * 60

"""Date parts in the graph: from seconds since 1970 to year, month, day and so on, in a time zone.

Methods: Hinnant, "chrono-compatible low-level date algorithms" (2013), for year, month and day; a step function for
the time zone's UTC offsets.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spark_jobs.bundle.moments import CYCLE, CYCLIC, DAY
from spark_jobs.ops.arithmetic import add, divide, floor, less, modulo, multiply, rounded, subtract, where
from spark_jobs.ops.dialect import constant
from spark_jobs.ops.trees import steps

if TYPE_CHECKING:
    from spark_jobs.ops.dialect import Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = 1800, 2500  # the years of a time zone table; the last 400 years repeat forever


@dataclass(frozen=True, slots=True)
class TimezoneTable:
    """The UTC offsets of a time zone, in seconds.

    `offsets[0]` applies before `moments[0]` (seconds since 1970), `offsets[i]` from `moments[i - 1]` on. UTC has no
    moments.
    """

    zone: str = "UTC"
    moments: tuple[int, ...] = ()
    offsets: tuple[int, ...] = (0,)

    def to_json(self) -> str:
        """Serialize the table for `from_json`."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TimezoneTable:
        """Parse a table that `to_json` wrote."""
        stored = json.loads(text)
        return cls(stored["zone"], tuple(stored["moments"]), tuple(stored["offsets"]))


def part_of_date(seconds: Value, part: str) -> Value:
    """Return a part of a date, given as seconds since 1970 at any time of that day."""
    days = floor(divide(seconds, float(DAY)))
    return days if part == "elapsed" else _of_day(days, part)


def part_of_moment(seconds: Value, part: str, clock: TimezoneTable) -> Value:
    """Return a part of an instant's local time; `elapsed` is the number of days since 1970 in UTC."""
    if part == "elapsed":
        return divide(rounded(multiply(seconds, 1e6)), DAY * 1e6)
    whole = floor(seconds)
    wall = add(whole, _offset(whole, clock))
    if part == "hour":
        return floor(divide(modulo(wall, float(DAY)), 3600.0))
    if part == "minute":
        return floor(divide(modulo(wall, 3600.0), 60.0))
    return _of_day(floor(divide(wall, float(DAY))), part)


def _of_day(days: Value, part: str) -> Value:
    """Return the year, month, day or weekday (Monday is 0) of a number of days since 1970-01-01."""
    if part == "weekday":
        return modulo(add(days, 3.0), 7.0)
    shifted = add(days, 719_468.0)  # days since 0000-03-01
    era = floor(divide(shifted, 146_097.0))
    of_era = subtract(shifted, multiply(era, 146_097.0))
    leap = subtract(floor(divide(of_era, 1460.0)), floor(divide(of_era, 36_524.0)))
    years = floor(divide(subtract(subtract(of_era, leap), floor(divide(of_era, 146_096.0))), 365.0))
    elapsed = subtract(add(multiply(years, 365.0), floor(divide(years, 4.0))), floor(divide(years, 100.0)))
    of_year = subtract(of_era, elapsed)
    month = floor(divide(add(multiply(of_year, 5.0), 2.0), 153.0))  # March is 0
    if part == "day":
        return add(subtract(of_year, floor(divide(add(multiply(month, 153.0), 2.0), 5.0))), 1.0)
    january = where(less(month, 10.0), add(month, 3.0), subtract(month, 9.0))
    if part == "month":
        return january
    return add(years, multiply(era, 400.0), where(less(january, 3.0), 1.0, 0.0))


def _offset(seconds: Value, clock: TimezoneTable) -> Value:
    if not clock.moments:
        return constant(float(clock.offsets[0]))
    later = subtract(seconds, float(CYCLIC))
    within = where(less(later, 0.0), seconds, add(modulo(later, float(CYCLE)), float(CYCLIC)))
    return steps(within, [float(moment) for moment in clock.moments], [float(offset) for offset in clock.offsets])

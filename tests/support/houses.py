"""Small tables with known faults, and the specs that the tests of the jobs share."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spark_jobs.spec import Spec, parse

HOUSES = 300
KINDS = ("flat", "house", "loft")
WORTH = {"flat": 0, "house": 20_000, "loft": 10_000}


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def house(chance: random.Random) -> list[object]:
    """Size, rooms, kind, day built, and a price of 1,000 a size, 5,000 a room, the kind's worth and some noise."""
    size, rooms, kind = round(chance.uniform(20, 200), 1), chance.randint(1, 6), chance.choice(KINDS)
    price = 1000 * size + 5000 * rooms + WORTH[kind] + chance.gauss(0, 500)
    day = f"20{chance.randint(10, 23)}-0{chance.randint(1, 9)}-{chance.randint(10, 28)}"
    return [size, rooms, kind, day, round(price, 2)]


def houses_file(folder: Path) -> Path:
    """300 houses, 3 of them twice, 2 without a price, 2 malformed lines: 307 in all."""
    chance = random.Random(7)
    rows = [house(chance) for _ in range(HOUSES)]
    unknown = [[50.5, 2, "flat", "2011-01-11", ""], [60.5, 3, "loft", "", "NA"]]
    path = write_csv(folder / "houses.csv", ["size", "rooms", "kind", "built", "price"], [*rows, *rows[:3], *unknown])
    with path.open("a", encoding="utf-8") as out:
        out.write("70.5,2\n80.5,2,flat,2012-02-12,1,2,3\n")
    return path


ODD = ["a.b", "c`d", "e f", 'g"h', "😀", "i'j"]
ODD_KEY, ODD_TARGET, ODD_WEIGHT = "row id.`1`", 'was "it"? ✓', "w.eight; DROP"
YES, NO = 'y"e,s', "n'o"


def odd_file(folder: Path) -> Path:
    """240 rows under names that break things, with a key, a weight, labels with quotes and one malformed line."""
    chance = random.Random(3)
    rows = []
    for number in range(240):
        values = [round(chance.uniform(-5, 5), 2) for _ in range(3)]
        levels = [chance.choice(("red", "it's", 'bl"ue', "")), chance.choice("xyz"), chance.choice(("1.5", "n/k", "?"))]
        event = values[0] + values[1] + (2 if levels[0] == "red" else 0) + chance.gauss(0, 0.5) > 0
        rows.append([f"k{number}", *values, *levels, YES if event else NO, chance.choice((0.5, 1, 2))])
    return write_csv(folder / "odd.csv", [ODD_KEY, *ODD, ODD_TARGET, ODD_WEIGHT], rows)


def spec_of(source: Any, target: str = "price", **keys: Any) -> Spec:
    return parse({"source": str(source) if isinstance(source, Path) else source, "target": target, **keys})

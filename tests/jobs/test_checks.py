"""Scoring with checks: what is refused, why, and that every row is in one of the two tables."""

from __future__ import annotations

import json
import random

import pytest
from towns import house, spec_of, write_csv

from spark_jobs.jobs import score

HEADER = ["size", "rooms", "kind", "built", "price"]
BIG = {"column": "size", "rule": "between", "max": 150}
FLAT = {"column": "kind", "rule": "in", "values": ["flat", "house"]}


@pytest.fixture
def checked(town, tmp_path):
    """A spec of the town with checks, a table of its own, and an input of 60 houses."""

    def make(*checks, rows=None, **keys):
        chance = random.Random(tmp_path.name)
        houses = rows or [house(chance) for _ in range(60)]
        path = write_csv(tmp_path / "input.csv", HEADER, houses)
        name = f"t{abs(hash(tmp_path))}"
        spec = spec_of(
            town.source,
            name=name,
            checks=list(checks),
            track={"register": "houses"},
            **keys,
        )
        return spec, path, houses

    return make


def quarantined(town, spec):
    return town.table(f"{spec.name}_quarantine").collect()


def test_a_row_that_breaks_a_check_is_quarantined_with_all_its_reasons(town, spark, checked):
    spec, path, houses = checked(BIG, FLAT)
    done = score.run(spec, spark, town.env, input=str(path))
    big = [row for row in houses if row[0] > 150]
    lofts = [row for row in houses if row[2] == "loft"]
    bad = [row for row in houses if row in big or row in lofts]
    assert done.rows == {"read": 60, "scored": 60 - len(bad), "quarantined": len(bad), "duplicates": 0}
    kept = quarantined(town, spec)
    assert len(kept) == len(bad)
    assert town.table(f"{spec.name}_predictions").count() == 60 - len(bad)
    said = {tuple(json.loads(row["_raw"]).values()): sorted(row["_reasons"]) for row in kept}
    assert said == {tuple(map(str, row)): reasons(row) for row in bad}
    assert {row["_source"] for row in kept} == {f"file:{path}"}
    assert done.extra["checks"] == [
        {"check": "size at most 150", "severity": "quarantine", "rows": len(big)},
        {"check": "kind one of flat, house", "severity": "quarantine", "rows": len(lofts)},
    ]


def reasons(row):
    big = [f"size is {row[0]}, more than 150"] if row[0] > 150 else []
    return sorted([*big, *(["kind is 'loft', not one of flat, house"] if row[2] == "loft" else [])])

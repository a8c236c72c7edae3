"""Made rows try what a model could be hit by, each thing by itself."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from pipelines import CITIES, ODD, TABLE

from spark_jobs.features import CategoryInput
from spark_jobs.graph.adversarial import KIND, MIXED, adversarial_rows, edge_cases, row_kinds, typical_row
from spark_jobs.graph.timezone import load_timezone_table

EVERY, TREE = "linear, every kind of column", "tree, scaled, by the clock"


@pytest.fixture(scope="module")
def rows(pipelines):
    """The made rows of a pipeline as a list by kind, and their typical row."""

    def made_for(name):
        made = pipelines[name]
        table = adversarial_rows(made.plan, made.folder, made.compiled.model, made.compiled.sentinel)
        found = {}
        for row in table.to_pylist():
            found.setdefault(row.pop(KIND), []).append(row)
        return made, found

    return made_for


def cells(rows, name):
    return [row[name] for row in rows]


def test_each_trial_stands_alone_in_a_typical_row(rows):
    made, found = rows(EVERY)
    mixed = found.pop("mixed")
    assert len(mixed) == MIXED
    usual = max((tuple(row.values()) for row in found["null"]), key=lambda row: sum(cell is not None for cell in row))
    assert len(usual) == len(made.plan.used)
    typical = {name: max(cells(found["level"], name), key=cells(found["level"], name).count) for name in made.plan.used}
    for kind, trials in found.items():
        for row in trials:
            off = [name for name, cell in row.items() if cell != typical[name]]
            assert len(off) <= 1, (kind, row)


def test_text_is_tried_as_every_level_and_as_much_that_is_none(rows):
    made, found = rows(EVERY)
    levels = next(one.levels for one in made.plan.categories if one.column == "city")
    assert set(levels) <= set(cells(found["level"], "city"))
    assert not {one for kind in ("unseen", "not ASCII") for one in cells(found[kind], "city")} & {*levels} - {
        "Lima",
        "日本",
    }
    assert {"", " "} <= set(cells(found["empty"], "city"))
    assert {made.compiled.sentinel, "(missing)", "(empty)"} <= set(cells(found["sentinel"], "city"))
    assert max(map(len, cells(found["long"], "city"))) > 10_000
    assert sum(cell is None for cell in cells(found["null"], "city")) == 1


def test_numbers_are_tried_at_their_bounds_beside_them_and_where_they_end(rows):
    made, found = rows(EVERY)
    size = next(one for one in made.plan.numbers if one.column == ODD)
    low, high = size.bounds
    tried = set(cells(found["bound"], ODD))
    assert {low, high, np.nextafter(low, -np.inf), np.nextafter(low, np.inf), np.nextafter(high, np.inf)} <= tried
    odd = cells(found["not finite"], ODD)
    assert {math.inf, -math.inf} <= set(odd)
    assert any(math.isnan(one) for one in odd)
    assert {1.7976931348623157e308, -1.7976931348623157e308, 5e-324} <= set(cells(found["extreme"], ODD))
    assert {7.25, 8.25} <= set(cells(found["constant"], "same"))


def test_moments_are_tried_at_every_change_of_the_clock_and_at_borders_of_days(rows):
    made, found = rows(EVERY)
    clock = load_timezone_table(made.plan, made.folder)
    tried = set(cells(found["clock change"], "moment"))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for moment in clock.moments:
        assert epoch + timedelta(seconds=moment) in tried
        assert epoch + timedelta(seconds=moment - 1) in tried
    assert {date(1969, 12, 31), date(1970, 1, 1), date(1, 1, 2)} <= set(cells(found["day border"], "day"))
    assert {date(2024, 2, 29), date(2100, 2, 28), date(2100, 3, 1)} <= set(cells(found["leap day"], "day"))
    parts = [moment for moment in cells(found["part"], "moment") if moment is not None]
    assert {one.minute for one in parts} == set(range(60))
    assert {one.hour for one in parts} == set(range(24))
    assert {one.day for one in parts} == set(range(1, 32))
    assert {one.month for one in parts} == set(range(1, 13))
    assert {one.weekday() for one in parts} == set(range(7))


def test_days_are_tried_at_the_thresholds_of_days_and_years(rows):
    made, found = rows("tree, scaled, by the clock")
    elapsed = next(one for one in made.plan.numbers if one.part == "elapsed")
    points = edge_cases(made.plan, made.folder, made.compiled.model).points
    assert set(points) <= {one.slot for one in made.plan.numbers}
    if elapsed.slot in points:
        at = points[elapsed.slot][0] * 86_400
        tried = [(one - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() for one in cells(found["split"], "moment")]
        assert min(abs(one - at) for one in tried) < 1e-5
    assert found["split"]


def test_rows_are_the_same_every_time_and_mix_what_was_tried_but_extremes(rows, pipelines):
    made, found = rows(EVERY)
    again = adversarial_rows(made.plan, made.folder, made.compiled.model, made.compiled.sentinel)
    assert again.filter(again.column(KIND).to_numpy(zero_copy_only=False) == "mixed").num_rows == MIXED
    assert [str(row) for row in again.drop_columns([KIND]).slice(again.num_rows - 5).to_pylist()] == [
        str(row) for row in found["mixed"][-5:]
    ]
    assert not {1.7976931348623157e308, 5e-324} & set(cells(found["mixed"], ODD))
    assert len({str(row) for row in found["mixed"]}) > 0.99 * MIXED


def test_the_kinds_called_for_follow_from_the_columns(pipelines):
    every, svm = pipelines[EVERY], pipelines["svm, two classes"]
    asked = row_kinds(every.plan, edge_cases(every.plan, every.folder, every.compiled.model))
    assert {"clock change", "leap day", "boolean", "bound", "constant", "null", "mixed"} <= asked
    assert "split" not in asked
    plain = row_kinds(svm.plan, edge_cases(svm.plan, svm.folder, svm.compiled.model))
    assert not plain & {"clock change", "leap day", "boolean", "bound", "constant", "split"}


def test_a_column_without_levels_is_tried_all_the_same(pipelines):
    made = pipelines[EVERY]
    bare = CategoryInput("c0", "city", (), "one_hot")
    plan = dataclasses.replace(made.plan, inputs=(*made.plan.numbers, bare))
    table = adversarial_rows(plan, made.folder, made.compiled.model, "⟨null⟩")
    assert {"near a level", "unseen", "empty", "null", "long"} <= set(table.column(KIND).to_pylist())


def test_a_typical_row_is_what_the_graph_takes(pipelines):
    made = pipelines[EVERY]
    row = typical_row(made.plan)
    assert set(row) == set(made.plan.used)
    assert row["moment"] == datetime(2021, 6, 15, 10, 30, tzinfo=UTC).timestamp()
    assert row["day"] == datetime(2021, 6, 15, tzinfo=UTC).timestamp()
    assert row["flag"] == 1.0
    assert row["same"] == 7.25
    assert row["city"] in CITIES
    assert row[ODD] == pytest.approx(np.nanmedian(np.array(TABLE.column(ODD).to_pylist(), dtype=float)))

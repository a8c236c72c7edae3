"""Thresholds of trees, led back to raw values."""

from __future__ import annotations

import numpy as np
import pytest
from pipelines import ODD

from spark_jobs.bundle.stages import read_pipeline
from spark_jobs.features.calendar import TimezoneTable
from spark_jobs.graph.split_points import about, scaled_numbers, split_points
from spark_jobs.graph.timezone import load_timezone_table

TREE, ORDERED, NULLED = "tree, scaled, by the clock", "forest, max-abs, an order of levels", "boosted, outliers to null"


def points(made):
    clock = load_timezone_table(made.plan, made.folder)
    return split_points(made.plan, read_pipeline(made.folder), made.compiled.model, clock)


def raw_thresholds(made):
    """By slot, the thresholds of a saved forest, in the unit of the raw column: read from Spark's own nodes."""
    stages = read_pipeline(made.folder)
    assembler = next(stage for stage in stages if stage.kind == "VectorAssembler")
    scaler = stages[stages.index(assembler) + 1]
    fitted = scaler.row()
    if "maxAbs" in fitted:
        spread = np.array(fitted["maxAbs"]["values"])
        center = np.zeros(len(spread))
    else:
        center, spread = (np.array(fitted[name]["values"]) for name in ("mean", "std"))
    found = {}
    for row in stages[-1].rows():
        split = row.get("nodeData", row)["split"]
        place = split["featureIndex"]
        if 0 <= place < len(assembler.inputs) and split["numCategories"] == -1:
            slot = assembler.inputs[place].removesuffix("_filled")
            shift = next(one.shift for one in made.plan.numbers if one.slot == slot)
            at = split["leftCategoriesOrThreshold"][0]
            found.setdefault(slot, []).append((at, center[place], spread[place], shift))
    return found


@pytest.mark.parametrize("name", [TREE, ORDERED])
def test_every_threshold_in_scaled_numbers_has_raw_values_on_both_sides_of_it(pipelines, name):
    made = pipelines[name]
    found, wanted = points(made), raw_thresholds(made)
    assert set(found) == set(wanted)
    for slot, thresholds in wanted.items():
        for at, center, spread, shift in thresholds:
            scaled = (np.array(found[slot]) - shift - center) * (1 / spread)
            near = np.abs(scaled - at) <= (1e-3 if shift else 1e-6) * max(1.0, abs(at))
            assert (scaled[near] <= at).any(), (slot, at)
            assert (scaled[near] > at).any(), (slot, at)


def test_thresholds_of_unscaled_numbers_are_tried_as_they_are(pipelines):
    made = pipelines["boosted, two classes"]
    found = points(made)
    stage = read_pipeline(made.folder)[-1]
    splits = [row["nodeData"]["split"] for row in stage.rows()]
    slots = [one.slot for one in made.plan.numbers]
    wanted = {}
    for split in splits:
        if split["featureIndex"] >= 0 and split["numCategories"] == -1:
            wanted.setdefault(slots[split["featureIndex"]], set()).update(about(split["leftCategoriesOrThreshold"][0]))
    assert {slot: set(values) for slot, values in found.items()} == wanted


def test_thresholds_in_single_precision_have_neighbours_of_both_precisions(pipelines):
    """A number in double that lies half-way between two in single is rounded to one of them: both sides are tried."""
    made = pipelines["xgboost, three classes"]
    slot = next(one.slot for one in made.plan.numbers if one.column == "count")
    scaled = next(one for one in scaled_numbers(made.plan, read_pipeline(made.folder)).values() if one.slot == slot)
    values = (np.array(points(made)[slot]) - scaled.center) * scaled.factor
    singles = values.astype(np.float32)
    assert len(set(singles)) < len(set(values)), "some differ in double alone"
    for single in {np.float32(at) for at in singles}:
        assert np.isfinite(single)
    assert len(set(singles)) >= 3


def test_numbers_stand_at_their_places_behind_one_hot_blocks_and_worths(pipelines):
    made = pipelines["logistic, balanced, min-max"]
    found = scaled_numbers(made.plan, read_pipeline(made.folder))
    assert [one.slot for _, one in sorted(found.items())] == [one.slot for one in made.plan.numbers]
    constant = {one.slot for one in found.values() if not one.factor}
    assert {one.title for one in made.plan.numbers if one.slot in constant} == {"same", "day ▸ year"}
    size = next(one for one in made.plan.numbers if one.column == ODD)
    place, scaled = next((place, one) for place, one in found.items() if one.slot == size.slot)
    assert place == 0
    assert 1 / scaled.factor == pytest.approx(400 - scaled.center)
    hot = pipelines["tree, one-hot, rare levels"]
    worths = scaled_numbers(pipelines[NULLED].plan, read_pipeline(pipelines[NULLED].folder))
    assert {one.slot for one in worths.values()} == {"n0", "n1"}
    assert len(scaled_numbers(hot.plan, read_pipeline(hot.folder))) == len(hot.plan.numbers)


def test_the_tables_of_a_clock_are_no_thresholds(pipelines):
    made = pipelines["linear, every kind of column"]
    assert points(made) == {}
    blind = split_points(made.plan, read_pipeline(made.folder), made.compiled.model, TimezoneTable())
    assert blind, "without the clock they would pass for a model's"


def test_a_number_has_a_neighbour_on_each_side():
    low, at, high = about(1.0)
    assert (low, at, high) == (1.0 - 2**-53, 1.0, 1.0 + 2**-52)

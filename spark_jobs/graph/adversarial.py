"""Rows that try to make a graph and its pipeline disagree, made from the model's own thresholds, levels and bounds."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.bundle.stages import Stage
from spark_jobs.data.types import ColumnType
from spark_jobs.features import EMPTY, MISSING, CategoryInput, NumberInput
from spark_jobs.features.calendar import transitions
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa
    from onnx import ModelProto

KIND = "⟨kind⟩"
MIXED = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXTREMES = (1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -0.0, 1e15, -1e15, 2.0**53 + 2)
_LONGEST = 20_000
_BORDERS = 40


@dataclass(frozen=True, slots=True)
class Trial:
    """A value to try in one column, and what kind of trial it is."""

    kind: str
    column: str
    value: Any


def adversarial_rows(plan: Plan, stages: Sequence[Stage], model: ModelProto, sentinel: str) -> pa.Table:
    """Raw rows of the columns that the model reads, and under `⟨kind⟩` what each tries.

    Each trial stands alone in a row that is otherwise typical; some hundred rows mix trials of all columns, but for the
    extreme ones: several of them together overflow or not by the order in which they are added up.
    """
    import pyarrow as pa

    trials = list(_trials(plan, stages, model, sentinel))
    typical = {name: _typical(plan, plan.type_of(name)) for name in plan.used}
    rows = [*(({one.column: one.value}, one.kind) for one in trials), *_mixed(trials)]
    columns = {
        name: pa.array([changed.get(name, typical[name]) for changed, _ in rows], _arrow(plan.type_of(name)))
        for name in plan.used
    }
    return pa.table({**columns, KIND: [kind for _, kind in rows]})


def typical_row(plan: Plan) -> dict[str, float | str]:
    """One row as the graph takes it: numbers, seconds since 1970 for dates and times, texts."""
    row = {name: _typical(plan, plan.type_of(name)) for name in plan.used}
    return {name: _seconds(value) for name, value in row.items()}


def _seconds(value: Any) -> float | str:
    if isinstance(value, datetime):
        return (value - _EPOCH).total_seconds()
    if isinstance(value, date):
        return (value - _EPOCH.date()).total_seconds()
    return value if isinstance(value, str) else float(value)


def _mixed(trials: Sequence[Trial]) -> Iterator[tuple[dict[str, Any], str]]:
    chance = random.Random(1)  # the same rows every time
    by_column: dict[str, list[Any]] = {}
    for one in trials:
        if one.kind != "extreme":
            by_column.setdefault(one.column, []).append(one.value)
    for _ in range(MIXED):
        yield {name: chance.choice(values) for name, values in by_column.items()}, "mixed"


def _trials(plan: Plan, stages: Sequence[Stage], model: ModelProto, sentinel: str) -> Iterator[Trial]:
    thresholds = split_thresholds(plan, stages, model)
    for name in plan.used:
        kind = plan.type_of(name)
        inputs = [one for one in plan.inputs if one.column == name]
        yield Trial("null", name, None)
        if kind.cells == "text":
            yield from _texts(name, [one for one in inputs if isinstance(one, CategoryInput)], sentinel)
        elif kind.cells == "boolean":
            yield from (Trial("boolean", name, value) for value in (True, False))
        elif kind.cells == "number":
            yield from _numbers(name, [one for one in inputs if isinstance(one, NumberInput)], thresholds)
        else:
            yield from _moments(
                kind, [one for one in inputs if isinstance(one, NumberInput)], thresholds, plan.timezone
            )


def _texts(name: str, inputs: Sequence[CategoryInput], sentinel: str) -> Iterator[Trial]:
    levels = list(dict.fromkeys(level for one in inputs for level in one.levels))
    yield from (Trial("level", name, level) for level in levels)
    first = levels[0] if levels else "a"
    odd = [f" {first} ", f"\t{first}", first.swapcase(), first + "\u0301", f"{first}\x00", first[:-1]]
    yield from (Trial("near a level", name, text) for text in odd)
    yield from (Trial("empty", name, text) for text in ("", " ", "   "))
    yield from (
        Trial("sentinel", name, text) for text in (sentinel, sentinel * 2, MISSING, EMPTY, "null", "None", "nan")
    )
    yield Trial("long", name, first * (_LONGEST // max(len(first), 1)))
    yield from (Trial("not ASCII", name, text) for text in ("Ω≈ç√", "日本語", "🛩️", "İi̇\u0131I", "\u202eright", "ﬀ"))


def _numbers(name: str, inputs: Sequence[NumberInput], thresholds: Mapping[str, Sequence[float]]) -> Iterator[Trial]:
    yield from (Trial("not finite", name, value) for value in (math.nan, math.inf, -math.inf))
    yield from (Trial("extreme", name, value) for value in _EXTREMES)
    for one in inputs:
        for edge in one.bounds or ():
            yield from (Trial("bound", name, value) for value in _about(edge))
        yield from (Trial("fill", name, value) for value in _about(one.fill + one.shift))
        for at in thresholds.get(one.slot, ()):
            yield from (Trial("split", name, value) for value in _about(at + one.shift))


def _about(value: float) -> tuple[float, float, float]:
    return float(np.nextafter(value, -np.inf)), value, float(np.nextafter(value, np.inf))


def _moments(
    kind: ColumnType, inputs: Sequence[NumberInput], thresholds: Mapping[str, Sequence[float]], zone: str
) -> Iterator[Trial]:
    dated = kind.cells == "date"
    tries = [*(("day border", moment) for moment in _borders()), *(("leap day", moment) for moment in _leap_days())]
    if not dated:
        tries += [("clock change", moment) for moment in _changes(zone)]
    for one in inputs:
        if one.part == "elapsed":
            tries += [("split", at * 86_400 + off) for at in thresholds.get(one.slot, ()) for off in (-1e-6, 0, 1e-6)]
    for what, seconds in tries:
        moment = _moment(seconds)
        if moment is not None:
            yield Trial(what, kind.name, moment.date() if dated else moment)


def _borders() -> Iterator[float]:
    for year, month, day in (
        (1, 1, 2),
        (1582, 10, 15),
        (1900, 1, 1),
        (1970, 1, 1),
        (2000, 1, 1),
        (2038, 1, 19),
        (9999, 12, 30),
    ):
        midnight = (datetime(year, month, day, tzinfo=UTC) - _EPOCH).total_seconds()
        yield from (midnight - 1, midnight, midnight + 1, midnight + 12 * 3600)
    yield from (-1e-6, 1e-6, 1_700_000_000 - 1e-6)


def _leap_days() -> Iterator[float]:
    for year in (1600, 1900, 2000, 2024, 2100, 2400):
        last = (datetime(year, 3, 1, tzinfo=UTC) - _EPOCH).total_seconds() - 86_400
        yield from (last, last + 43_200, last + 86_399, last + 86_400)


def _changes(zone: str) -> Iterator[float]:
    moments, _ = transitions(zone)
    recent = [moment for moment in moments if 0 <= moment < 2_200_000_000][-_BORDERS:]
    for moment in [*moments[:3], *recent, *moments[-3:]]:
        yield from (moment - 1, moment - 1e-6 if 0 < moment < 2**31 else moment, moment, moment + 1, moment + 3600)


def _moment(seconds: float) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=round(seconds * 1e6))
    except OverflowError:
        return None


def split_thresholds(plan: Plan, stages: Sequence[Stage], model: ModelProto) -> dict[str, list[float]]:
    """Where the trees of a model split each number that reaches them unscaled, by the input's slot."""
    columns = _feature_columns(plan, stages)
    found: dict[str, set[float]] = {}
    for node in model.graph.node:
        if node.op_type not in ("TreeEnsemble", "TreeEnsembleRegressor") or node is not _last_trees(model):
            continue
        for feature, at in _splits(node):
            name = columns.get(feature, "")
            if name.endswith("_filled"):
                found.setdefault(name.removesuffix("_filled"), set()).add(at)
    return {slot: sorted(values) for slot, values in found.items()}


def _last_trees(model: ModelProto) -> Any:
    trees = [node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    return trees[-1]


def _splits(node: Any) -> Iterator[tuple[int, float]]:
    from onnx import helper, numpy_helper

    given = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    splits = numpy_helper.to_array(given.get("nodes_splits") or given["nodes_values_as_tensor"])
    modes = given["nodes_modes"]
    modes = numpy_helper.to_array(modes) if hasattr(modes, "raw_data") else modes
    for feature, at, mode in zip(given["nodes_featureids"], splits, modes, strict=True):
        if mode in (0, 1, b"BRANCH_LEQ", b"BRANCH_LT"):
            yield int(feature), float(at)


def _feature_columns(plan: Plan, stages: Sequence[Stage]) -> dict[int, str]:
    """The column that each place of the feature vector comes from, where it is one number by itself."""
    last = [stage for stage in stages if stage.kind == "VectorAssembler"][-1]
    widths = {stage.outputs[0]: len(stage.inputs) for stage in stages if stage.kind == "VectorAssembler"}
    hot = sum(len(one.levels) for one in plan.categories if one.encode == "one_hot")
    found, place = {}, 0
    for name in last.inputs:
        found[place] = name
        place += widths.get(name.replace("scaled_", "dense_"), hot if name == "hot" else 1)
    return found


def _typical(plan: Plan, kind: ColumnType) -> Any:
    one = next(one for one in plan.inputs if one.column == kind.name)
    if kind.cells == "text":
        return one.levels[0] if isinstance(one, CategoryInput) and one.levels else "a"
    if kind.cells in ("date", "timestamp"):
        moment = datetime(2021, 6, 15, 10, 30, tzinfo=UTC)
        return moment.date() if kind.cells == "date" else moment
    if kind.cells == "boolean":
        return True
    return one.fill + one.shift if isinstance(one, NumberInput) else 0.0


def _arrow(kind: ColumnType) -> pa.DataType:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return types[kind.cells]

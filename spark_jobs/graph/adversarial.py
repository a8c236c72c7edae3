"""Adversarial rows for comparing a graph with its pipeline, built from the model's thresholds, levels and bounds."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_jobs.bundle.stages import read_pipeline
from spark_jobs.columns.types import ColumnType
from spark_jobs.features import EMPTY, MISSING, CategoryInput, NumberInput
from spark_jobs.features.calendar import EPOCH, TimezoneTable
from spark_jobs.graph.split_points import about, scaled_numbers, split_points
from spark_jobs.graph.timezone import load_timezone_table
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa
    from onnx import ModelProto

KIND = "⟨kind⟩"
MIXED = 1000
_USUAL = ("level", "split", "fill", "part", "boolean")
_EXTREMES = (1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -0.0, 1e15, -1e15, 2.0**53 + 2)
_LONGEST = 20_000
_BORDERS = 40
_EXACT = 2.0**33  # up to this many seconds from 1970, a double distinguishes microseconds


@dataclass(frozen=True, slots=True)
class Case:
    """A value to test in one column, and the kind of the test."""

    kind: str
    column: str
    value: Any


@dataclass(frozen=True, slots=True)
class EdgeCases:
    """A model's edge cases: values at tree thresholds by slot, slots of constant numbers, and the time zone table."""

    points: Mapping[str, Sequence[float]]
    constant: frozenset[str]
    clock: TimezoneTable


def adversarial_rows(plan: Plan, pipeline: Path, model: ModelProto, sentinel: str) -> pa.Table:
    """Return raw rows of the columns that the model reads, with the kind of each row in the column `⟨kind⟩`.

    Each case has its own row, which is otherwise typical. A thousand more rows mix the cases of all columns, except the
    extreme ones: whether a sum of several of them overflows depends on the order of the additions.

    Args:
        sentinel: The text that stands for null in the graph's string inputs.
    """
    import pyarrow as pa

    cases = list(_cases(plan, edge_cases(plan, pipeline, model), sentinel))
    typical = {name: _typical(plan, plan.type_of(name)) for name in plan.used}
    rows = [*(({one.column: one.value}, one.kind) for one in cases), *_mixed(cases)]
    columns = {
        name: pa.array([changed.get(name, typical[name]) for changed, _ in rows], _arrow(plan.type_of(name)))
        for name in plan.used
    }
    return pa.table({**columns, KIND: [kind for _, kind in rows]})


def edge_cases(plan: Plan, pipeline: Path, model: ModelProto) -> EdgeCases:
    """Return the edge cases of a saved pipeline and its graph."""
    stages, clock = read_pipeline(pipeline), load_timezone_table(plan, pipeline)
    flat = {one.slot for one in scaled_numbers(plan, stages).values() if not one.factor}
    plain = {one.slot for one in plan.numbers if one.part is None and plan.type_of(one.column).cells == "number"}
    return EdgeCases(split_points(plan, stages, model, clock), frozenset(flat & plain), clock)


def row_kinds(plan: Plan, edges: EdgeCases) -> set[str]:
    """Return the kinds of rows that a verification must include."""
    found = {"null", "mixed"}
    for name in plan.used:
        found |= _KINDS[plan.type_of(name).cells]
    if any(one.bounds for one in plan.numbers):
        found.add("bound")
    decisive = [one for one in plan.numbers if one.slot in edges.points and _has_splits(plan, one)]
    named = {"split": decisive, "constant": edges.constant, "clock change": edges.clock.moments}
    return found | {kind for kind, there in named.items() if there}


_KINDS: Mapping[str, set[str]] = {
    "text": {"level", "near a level", "unseen", "empty", "sentinel", "long", "not ASCII"},
    "number": {"not finite", "extreme", "fill"},
    "boolean": {"boolean"},
    "date": {"day border", "leap day", "part"},
    "timestamp": {"day border", "leap day", "part"},
}


def _has_splits(plan: Plan, one: NumberInput) -> bool:
    """Return whether its thresholds need cases; small parts of dates and booleans are tested with every value."""
    return one.part in (None, "elapsed", "year") and plan.type_of(one.column).cells != "boolean"


def typical_row(plan: Plan) -> dict[str, float | str]:
    """Return a typical row in the graph's input types: numbers, seconds since 1970 for dates and times, texts."""
    row = {name: _typical(plan, plan.type_of(name)) for name in plan.used}
    return {name: _seconds(value) for name, value in row.items()}


def _seconds(value: Any) -> float | str:
    if isinstance(value, datetime):
        return (value - EPOCH).total_seconds()
    if isinstance(value, date):
        return (value - EPOCH.date()).total_seconds()
    return value if isinstance(value, str) else float(value)


def _mixed(cases: Sequence[Case]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield rows that mix cases of all columns; half of the values are usual, since odd ones reach few branches."""
    chance = random.Random(1)  # a fixed seed gives the same rows every time
    odd: dict[str, list[Any]] = {}
    usual: dict[str, list[Any]] = {}
    for one in cases:
        if one.kind != "extreme":
            odd.setdefault(one.column, []).append(one.value)
        if one.kind in _USUAL:
            usual.setdefault(one.column, []).append(one.value)
    choices = [(name, values, usual.get(name, values)) for name, values in odd.items()]
    for _ in range(MIXED):
        yield {name: chance.choice(chance.choice(lists)) for name, *lists in choices}, "mixed"


def _cases(plan: Plan, edges: EdgeCases, sentinel: str) -> Iterator[Case]:
    for name in plan.used:
        kind = plan.type_of(name)
        inputs = [one for one in plan.inputs if one.column == name]
        numbers = [one for one in inputs if isinstance(one, NumberInput)]
        yield Case("null", name, None)
        if kind.cells == "text":
            yield from _texts(name, [one for one in inputs if isinstance(one, CategoryInput)], sentinel)
        elif kind.cells == "boolean":
            yield from (Case("boolean", name, value) for value in (True, False))
        elif kind.cells == "number":
            yield from _numbers(name, numbers, edges)
        else:
            yield from _moments(kind, numbers, edges)


def _texts(name: str, inputs: Sequence[CategoryInput], sentinel: str) -> Iterator[Case]:
    levels = list(dict.fromkeys(level for one in inputs for level in one.levels))
    yield from (Case("level", name, level) for level in levels)
    first = _some_level(levels)
    odd = [f" {first} ", f"\t{first}", first.swapcase(), first + "\u0301", f"{first}\x00", first[:-1]]
    yield from (Case("near a level", name, text) for text in odd)
    yield from (Case("unseen", name, text) for text in ("-" * (2 + max(map(len, levels), default=0)), "never seen"))
    yield from (Case("empty", name, text) for text in ("", " ", "   "))
    alike = (sentinel, sentinel * 2, f" {sentinel}", MISSING, EMPTY, "null", "None", "nan")
    yield from (Case("sentinel", name, text) for text in alike)
    yield Case("long", name, first * (_LONGEST // max(len(first), 1)))
    yield from (Case("not ASCII", name, text) for text in ("Ω≈ç√", "日本語", "🛩️", "İi̇\u0131I", "\u202eright", "ﬀ"))


def _numbers(name: str, inputs: Sequence[NumberInput], edges: EdgeCases) -> Iterator[Case]:
    yield from (Case("not finite", name, value) for value in (math.nan, math.inf, -math.inf))
    yield from (Case("extreme", name, value) for value in _EXTREMES)
    for one in inputs:
        for edge in one.bounds or ():
            yield from (Case("bound", name, value) for value in about(edge))
        usual = one.fill + one.shift
        yield from (Case("fill", name, value) for value in about(usual))
        if one.slot in edges.constant:
            yield from (Case("constant", name, usual + off) for off in (0.0, 1.0, -1e6))
        yield from (Case("split", name, value) for value in edges.points.get(one.slot, ()))


def _moments(kind: ColumnType, inputs: Sequence[NumberInput], edges: EdgeCases) -> Iterator[Case]:
    dated = kind.cells == "date"
    moments = [("day border", moment) for moment in _borders()]
    moments += [("leap day", moment) for moment in _leap_days()]
    moments += [("part", moment) for moment in _parts()]
    if not dated:
        moments += [("clock change", moment) for moment in _changes(edges.clock)]
    for one in inputs:
        moments += [("split", moment) for moment in _decisive(one, edges.points.get(one.slot, ()))]
    for what, seconds in moments:
        moment = _moment(seconds)
        if moment is not None:
            yield Case(what, kind.name, moment.date() if dated else moment)


def _decisive(one: NumberInput, points: Sequence[float]) -> Iterator[float]:
    """Yield times around the thresholds of the parts `elapsed` and `year`; `_parts` covers all other date parts."""
    for at in points:
        if one.part == "elapsed" and abs(at) < 1e7:
            yield from (at * 86_400 + off for off in (-1e-6, 0, 1e-6))
            yield from (math.floor(at) * 86_400.0, math.ceil(at) * 86_400.0)
        elif one.part == "year" and 1 <= at < 9999:
            yield from (_since(math.floor(at), 7, 1), _since(math.floor(at) + 1, 7, 1))


def _borders() -> Iterator[float]:
    days = ((1, 1, 2), (1582, 10, 15), (1900, 1, 1), (1970, 1, 1), (2000, 1, 1), (2038, 1, 19), (9999, 12, 30))
    for midnight in (_since(*day) for day in days):
        yield from (midnight - 1, midnight, midnight + 1, midnight + 12 * 3600)
    yield from (-1e-6, 1e-6, 1_700_000_000 - 1e-6)


def _leap_days() -> Iterator[float]:
    for year in (1600, 1900, 2000, 2024, 2100, 2400):
        last = _since(year, 3, 1) - 86_400
        yield from (last, last + 43_200, last + 86_399, last + 86_400)


def _parts() -> Iterator[float]:
    """Yield times that cover every month, day, weekday, hour and minute, and the years 2000 to 2059."""
    yield from (_since(2000 + one, one % 12 + 1, one % 28 + 1, one % 24, one) for one in range(60))
    yield from (_since(2021, 1, 29), _since(2021, 1, 30), _since(2021, 1, 31, 23, 59), _since(2020, 12, 31, 12))


def _changes(clock: TimezoneTable) -> Iterator[float]:
    """Yield times around every UTC offset change, with more times around those of recent decades."""
    yield from (moment + off for moment in clock.moments for off in (-1, 0))
    recent = [moment for moment in clock.moments if 0 <= moment < 2_200_000_000][-_BORDERS:]
    for moment in [*clock.moments[:3], *recent]:
        yield from (moment - 1e-6 if abs(moment) < _EXACT else moment - 2, moment + 1, moment + 3600)


def _since(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return (datetime(year, month, day, hour, minute, tzinfo=UTC) - EPOCH).total_seconds()


def _moment(seconds: float) -> datetime | None:
    try:
        return EPOCH + timedelta(microseconds=round(seconds * 1e6))
    except OverflowError:
        return None


def _typical(plan: Plan, kind: ColumnType) -> Any:
    one = next(one for one in plan.inputs if one.column == kind.name)
    if kind.cells == "text":
        return _some_level(one.levels if isinstance(one, CategoryInput) else ())
    if kind.cells in ("date", "timestamp"):
        moment = datetime(2021, 6, 15, 10, 30, tzinfo=UTC)
        return moment.date() if kind.cells == "date" else moment
    if kind.cells == "boolean":
        return True
    return one.fill + one.shift if isinstance(one, NumberInput) else 0.0


def _some_level(levels: Sequence[str]) -> str:
    """Return a level that occurs in the data, not one of the levels for null and empty text."""
    return next((level for level in levels if level not in (EMPTY, MISSING)), "a")


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

"""The graph's first step: from raw columns to numbers and level indices, equal to the SQL of `features.cast`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.columns.types import ColumnType
from spark_jobs.features import EMPTY, CategoryInput, Input, NumberInput
from spark_jobs.features.calendar import TimezoneTable, part_of_date, part_of_moment
from spark_jobs.ops.arithmetic import as_column, either, equal, hstack, is_finite, is_nan, less, number, subtract, where
from spark_jobs.ops.dialect import constant
from spark_jobs.ops.lookup import number_position, text_position

if TYPE_CHECKING:
    from spark_jobs.ops.dialect import Value

NULL = math.nan


def raw_number(value: Value, kind: ColumnType) -> Value:
    """Return a non-text column `[N]` with invalid values set to null."""
    if kind.cells == "boolean":
        return where(either(equal(value, 0.0), equal(value, 1.0)), value, NULL)
    return where(is_finite(value), value, NULL)


def numbers(
    inputs: Sequence[NumberInput], types: Mapping[str, ColumnType], raw: Mapping[str, Value], clock: TimezoneTable
) -> Value:
    """Return the numeric inputs `[N, D]`: date parts extracted, bounded, not yet shifted; non-finite values are NaN."""
    columns = [_part(raw[one.column], types[one.column], one.part, clock) for one in inputs]
    # Process all columns at once: separately, they are most of the graph's operators and half of its time for one row.
    values = hstack([as_column(column) for column in columns])
    return _bounded(where(is_finite(values), values, NULL), inputs)


def shifted(values: Value, inputs: Sequence[NumberInput]) -> Value:
    """Subtract each input's shift."""
    shifts = np.array([[one.shift for one in inputs]])
    return subtract(values, shifts) if shifts.any() else values


def _part(value: Value, kind: ColumnType, part: str | None, clock: TimezoneTable) -> Value:
    if part is None:
        return value
    return part_of_date(value, part) if kind.cells == "date" else part_of_moment(value, part, clock)


def _bounded(values: Value, inputs: Sequence[NumberInput]) -> Value:
    if not any(one.bounds for one in inputs):
        return values
    low, high = (np.array([[_edge(one, side) for one in inputs]]) for side in (0, 1))
    clips = np.array([[one.outside == "clip" for one in inputs]])
    under, over = less(values, low), less(high, values)
    return where(under, np.where(clips, low, NULL), where(over, np.where(clips, high, NULL), values))


def _edge(one: NumberInput, side: int) -> float:
    return one.bounds[side] if one.bounds else (-math.inf, math.inf)[side]


def position(one: CategoryInput, kind: ColumnType, value: Value, clock: TimezoneTable, sentinel: str) -> Value:
    """Return the level indices of a category, `[N]`; unseen values have the index after the last level."""
    places = {level: place for place, level in enumerate(one.levels)}
    unseen = len(places)
    fill = places.get(one.fill, unseen)
    if one.part is None:
        asked = places | {sentinel: fill, "": places.get(EMPTY, unseen)}
        return text_position(value, asked, unseen)
    parts = _part(value, kind, one.part, clock)
    known = {int(level): place for level, place in places.items() if level.lstrip("-").isdecimal()}
    return where(is_nan(parts), constant(fill, np.int64), number_position(parts, known, unseen))


def flag(one: Input, kind: ColumnType, value: Value, clock: TimezoneTable, sentinel: str) -> Value:
    """Return 1 where a value is null, else 0, `[N]`."""
    if isinstance(one, CategoryInput) and one.part is None:
        return number(text_position(value, {sentinel: 1}, 0))
    return number(is_nan(_part(value, kind, one.part, clock)))

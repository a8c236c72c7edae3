"""Metrics of slices of the test rows, by the values of a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.names import col
from spark_jobs.training.grouped_counts import Tally, entry

FIRST_SLICE = 100


def slice_columns(slices: Sequence[str]) -> list[Column]:
    """Return the slicing columns as text, under safe names."""
    return [col(name).cast("string").alias(f"_s{i}") for i, name in enumerate(slices)]


def slice_entries(slices: Sequence[str], a: Column | int = 0, b: Column | int = 0, **own: Column) -> list[Column]:
    """Return one group key per slicing column."""
    return [entry(FIRST_SLICE + i, a, b, F.col(f"_s{i}"), **own) for i in range(len(slices))]


def slice_metrics(
    counted: Tally, slices: Sequence[str], measure: Callable[[Tally], Mapping[str, float]]
) -> dict[str, list[dict[str, Any]]]:
    """Return for each slicing column its values, most rows first, each with `level`, `others`, `rows` and `metrics`.

    `level` is None for rows with a null. The entry with `others` sums the values that are not listed.
    """
    return {name: _levels(counted.part(FIRST_SLICE + i), measure) for i, name in enumerate(slices)}


def _levels(counted: Tally, measure: Callable[[Tally], Mapping[str, float]]) -> list[dict[str, Any]]:
    others = counted.key("others")
    places: dict[tuple[str | None, int], list[int]] = {}
    for i, text in enumerate(counted.texts()):
        places.setdefault((text, int(others[i])), []).append(i)
    found = [
        _level(text, other, Tally(counted.table.take(np.array(at))), measure) for (text, other), at in places.items()
    ]
    return sorted(found, key=lambda level: (level["others"], -level["rows"], str(level["level"])))


def _level(
    text: str | None, others: int, counted: Tally, measure: Callable[[Tally], Mapping[str, float]]
) -> dict[str, Any]:
    metrics = measure(counted) if counted["weight"].sum() > 0 else {}
    return {"level": text, "others": bool(others), "rows": int(counted["rows"].sum()), "metrics": dict(metrics)}

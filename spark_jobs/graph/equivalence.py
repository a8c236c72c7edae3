"""Comparison of two graphs of one pipeline in ONNX Runtime, without Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bundle.moments import DAY
from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.errors import JobError
from spark_jobs.graph.adversarial import adversarial_rows
from spark_jobs.plan import Plan

_ADVICE = "Export without `--compat`, and report this with the bundle's plan.json."


def check_same(verified: bytes, other: bytes, plan: Plan, pipeline: Path, sentinel: str) -> None:
    """Refuse a graph whose outputs for adversarial rows differ from those of a verified graph.

    Args:
        verified: The verified graph, serialized.
        other: The graph to check, serialized.
        sentinel: The text that stands for null in string inputs.

    Raises:
        JobError: An output differs; the message names it and the number of rows.
    """
    import onnx

    model = onnx.load_model_from_string(verified)
    rows = adversarial_rows(plan, pipeline, model, sentinel)
    first, second = (answers_of(graph, rows, plan, sentinel) for graph in (verified, other))
    for name in first:
        off = int((~_alike(first[name], second[name])).sum())
        if off:
            of = f"{off:,} of {rows.num_rows:,} rows"
            raise JobError(f"The graph for older runtimes differs in '{name}' on {of}.", _ADVICE)


def answers_of(graph: bytes, rows: pa.Table, plan: Plan, sentinel: str) -> dict[str, npt.NDArray[Any]]:
    """Run a graph on adversarial rows and return its outputs by name."""
    from spark_jobs.bundle.runtime import inference_session, run_graph

    feed = {name: _given(rows.column(name).combine_chunks(), sentinel) for name in plan.used}
    return run_graph(inference_session(graph), feed)


def _alike(one: npt.NDArray[Any], two: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = (
        np.isclose(one, two, rtol=1e-9, atol=1e-9, equal_nan=True) if one.dtype.kind == "f" else one == two
    )
    return same


def _given(values: pa.Array, sentinel: str) -> npt.NDArray[Any]:
    """Convert a column of adversarial rows to a tensor: trimmed text with the sentinel for null, else doubles."""
    if pa.types.is_string(values.type):
        trimmed = pc.fill_null(pc.utf8_trim(values, characters=BLANKS), sentinel)
        text: npt.NDArray[Any] = trimmed.to_numpy(zero_copy_only=False)
        return text
    if pa.types.is_date(values.type):
        return np.asarray(values.cast(pa.int32()).to_numpy(zero_copy_only=False), dtype=np.float64) * DAY
    if pa.types.is_timestamp(values.type):
        return np.asarray(values.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.float64) / 1e6
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)

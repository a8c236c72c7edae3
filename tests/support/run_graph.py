"""Graphs of a few operators, run at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime
from spox import Tensor, argument

from spark_jobs.ops.dialect import build


def ran(said: Callable[..., Any], *columns: Any) -> Any:
    """What the operators that `said` makes of inputs say of columns or matrices of numbers (double) or texts."""
    given = {f"x{place}": _array(values) for place, values in enumerate(columns)}
    inputs = {name: argument(Tensor(_kind(values), ("N", *values.shape[1:]))) for name, values in given.items()}
    made = said(*inputs.values())
    model = build(inputs, {"y": made})
    return run(model, given)["y"]


def run(model: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """All outputs of a model, by name."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return dict(zip((one.name for one in session.get_outputs()), session.run(None, dict(given)), strict=True))


def _array(values: Any) -> Any:
    found = np.asarray(values)
    return found.astype(object) if found.dtype.kind in "UO" else found.astype(np.float64)


def _kind(values: Any) -> Any:
    return np.str_ if values.dtype.kind == "O" else np.float64

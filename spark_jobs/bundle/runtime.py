"""ONNX Runtime as graphs are run: one thread a session, some rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

ROWS_AT_ONCE = 1024  # what a graph makes of them stays in the processor's cache


def session_of(graph: bytes) -> onnxruntime.InferenceSession:
    """A session of one thread: servers and Spark run a process a core, and what is small is not worth sharing.

    Raises:
        Exception: ONNX Runtime cannot run the graph; its errors have no common class.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, feed: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """What a graph says of rows (arrays `[N]` by the names of its inputs), by the names of its outputs."""
    names = [output.name for output in session.get_outputs()]
    starts = range(0, max(len(next(iter(feed.values()))), 1), ROWS_AT_ONCE)
    parts = [session.run(names, {name: all_[at : at + ROWS_AT_ONCE] for name, all_ in feed.items()}) for at in starts]
    whole = [each[0] if len(parts) == 1 else np.concatenate(each) for each in zip(*parts, strict=True)]
    return dict(zip(names, whole, strict=True))

"""ONNX Runtime sessions: one thread per session, rows in chunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

ROWS_AT_ONCE = 1024  # intermediate tensors of a chunk fit in the CPU cache


def inference_session(graph: bytes) -> onnxruntime.InferenceSession:
    """Return a single-threaded session: servers and Spark run one process per core, and graphs are small.

    Raises:
        Exception: ONNX Runtime cannot run the graph; its errors have no common class.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_graph(
    session: onnxruntime.InferenceSession, feed: Mapping[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    """Run a graph on input tensors `[N]` by name, in chunks of `ROWS_AT_ONCE`, and return its outputs by name."""
    names = [output.name for output in session.get_outputs()]
    starts = range(0, max(len(next(iter(feed.values()))), 1), ROWS_AT_ONCE)
    parts = [session.run(names, {name: all_[at : at + ROWS_AT_ONCE] for name, all_ in feed.items()}) for at in starts]
    whole = [each[0] if len(parts) == 1 else np.concatenate(each) for each in zip(*parts, strict=True)]
    return dict(zip(names, whole, strict=True))

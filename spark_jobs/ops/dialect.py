"""Which operators a graph is made of: those of today, or those that older runtimes know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnx import ModelProto
    from spox import Var

    Value = Var

_OLDER: ContextVar[bool] = ContextVar("older", default=False)


@contextmanager
def older() -> Iterator[None]:
    """While the block runs, graphs are made of ai.onnx 17 and ai.onnx.ml 3."""
    token = _OLDER.set(True)
    try:
        yield
    finally:
        _OLDER.reset(token)


def is_older() -> bool:
    """Whether operators of older runtimes are asked for."""
    return _OLDER.get()


def op(name: str, *values: Any, **attributes: Any) -> Value:
    """A general operator: of ai.onnx 21, or 17."""
    found: Value = getattr(_module("spox.opset.ai.onnx.v17" if is_older() else "spox.opset.ai.onnx.v21"), name)(
        *values, **attributes
    )
    return found


def ml_op(name: str, *values: Any, **attributes: Any) -> Value:
    """An operator of machine learning: of ai.onnx.ml 5, or 3."""
    found: Value = getattr(_module("spox.opset.ai.onnx.ml.v3" if is_older() else "spox.opset.ai.onnx.ml.v5"), name)(
        *values, **attributes
    )
    return found


@cache
def _module(name: str) -> Any:
    return import_module(name)


def number_input() -> Value:
    """A column of numbers that comes from outside, `[N]` of double."""
    return _input(np.float64)


def text_input() -> Value:
    """A column of text that comes from outside, `[N]`."""
    return _input(np.str_)


def _input(kind: npt.DTypeLike) -> Value:
    from spox import Tensor, argument

    return argument(Tensor(kind, ("N",)))


def constant(values: npt.ArrayLike, kind: npt.DTypeLike = np.float64) -> Value:
    """Numbers, positions or texts that are part of the graph."""
    return op("constant", value=np.asarray(values, dtype=kind))


def build(inputs: dict[str, Value], outputs: dict[str, Value]) -> ModelProto:
    """The graph from named inputs to named outputs; it names its dialect's versions, whatever its operators need."""
    import spox

    model = spox.build(inputs, outputs)
    for one in model.opset_import:
        least = {"": 17 if is_older() else 21, "ai.onnx.ml": 3 if is_older() else 5}
        one.version = max(one.version, least.get(one.domain, 0))
    return model

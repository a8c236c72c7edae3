"""The opsets of a graph: the current ones, or older ones for older runtimes."""

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

_LEGACY: ContextVar[bool] = ContextVar("legacy_opset", default=False)


@contextmanager
def legacy_opset() -> Iterator[None]:
    """Build graphs with the opsets ai.onnx 17 and ai.onnx.ml 3 during the block."""
    token = _LEGACY.set(True)
    try:
        yield
    finally:
        _LEGACY.reset(token)


def is_legacy() -> bool:
    """Return whether graphs are built with the older opsets."""
    return _LEGACY.get()


def op(name: str, *values: Any, **attributes: Any) -> Value:
    """Apply an operator of ai.onnx 21, or of 17 in `legacy_opset`."""
    found: Value = getattr(_module("spox.opset.ai.onnx.v17" if is_legacy() else "spox.opset.ai.onnx.v21"), name)(
        *values, **attributes
    )
    return found


def ml_op(name: str, *values: Any, **attributes: Any) -> Value:
    """Apply an operator of ai.onnx.ml 5, or of 3 in `legacy_opset`."""
    found: Value = getattr(_module("spox.opset.ai.onnx.ml.v3" if is_legacy() else "spox.opset.ai.onnx.ml.v5"), name)(
        *values, **attributes
    )
    return found


@cache
def _module(name: str) -> Any:
    return import_module(name)


def number_input() -> Value:
    """Return a graph input for a column of numbers, `[N]` of double."""
    return _input(np.float64)


def text_input() -> Value:
    """Return a graph input for a column of text, `[N]` of string."""
    return _input(np.str_)


def _input(kind: npt.DTypeLike) -> Value:
    from spox import Tensor, argument

    return argument(Tensor(kind, ("N",)))


def constant(values: npt.ArrayLike, kind: npt.DTypeLike = np.float64) -> Value:
    """Return a constant tensor of numbers, indices or texts."""
    return op("constant", value=np.asarray(values, dtype=kind))


def build(inputs: dict[str, Value], outputs: dict[str, Value]) -> ModelProto:
    """Build the model from named inputs to named outputs; it declares its opsets even if its operators need less."""
    import spox

    model = spox.build(inputs, outputs)
    for one in model.opset_import:
        least = {"": 17 if is_legacy() else 21, "ai.onnx.ml": 3 if is_legacy() else 5}
        one.version = max(one.version, least.get(one.domain, 0))
    return model

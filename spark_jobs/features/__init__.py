"""Feature steps: encoders and scalers, one module for each, found by name.

The plan's inputs have slots such as `n0` (number) and `c0` (category). The steps derive the names of the pipeline's
other columns from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal

from spark_jobs.errors import SpecError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pyspark.ml import Estimator, Transformer
    from pyspark.sql import SparkSession

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block
    from spark_jobs.profile.numbers import NumberSummary

Role = Literal["encoders", "scalers"]
MISSING = "(missing)"
EMPTY = "(empty)"
PARTS = ("elapsed", "year", "month", "day", "weekday", "hour", "minute")
CYCLIC = ("month", "day", "weekday", "hour")  # cyclic parts become categories for algorithms that use one-hot encoding


@dataclass(frozen=True, slots=True)
class NumberInput:
    """A numeric input of the model, with all its preprocessing before scaling.

    `part` is the part of a date or time (None for a plain number). Values outside of `bounds` are clipped or become
    null; nulls become `fill`. `shift` is subtracted before imputation if the spread is tiny compared with the mean.
    """

    slot: str
    column: str
    part: str | None = None
    bounds: tuple[float, float] | None = None
    outside: Literal["clip", "null"] = "clip"
    fill: float = 0.0
    indicator: bool = False
    shift: float = 0.0
    scale: str = "none"

    @property
    def title(self) -> str:
        """The display name."""
        return part_name(self.column, self.part)


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A categorical input of the model, with its levels in index order; all unseen values share one more level."""

    slot: str
    column: str
    levels: tuple[str, ...]
    encode: str
    fill: str = MISSING
    indicator: bool = False
    ordered: bool = False
    scale: str = "none"
    part: str | None = None

    @property
    def title(self) -> str:
        """The display name."""
        return part_name(self.column, self.part)


Input = NumberInput | CategoryInput


@dataclass(frozen=True, slots=True)
class Scaler:
    """A scaler: its Spark estimator, and the synopsis, the few values on which the estimator fits the profile's result.

    `graph` scales a matrix `[N, D]` like the saved stage of class `saved`; without it, training needs `graph: skip`.
    `affine` returns that stage's centers and factors, each `[D]`: a value becomes `(x - center) * factor`, with factor
    0 for a constant.
    """

    title: str
    estimator: Callable[[str, str], Estimator[Any]]
    synopsis: Callable[[NumberSummary], tuple[float, ...]]
    graph: Callable[[Stage, Value], Value] | None = None
    saved: str = ""
    affine: Callable[[Stage], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] | None = None


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of categories.

    `stages` returns the fitted stages for several inputs. `folded` returns those for training rows, for encodings that
    learn from the target; only these get the encoding of each level, shape (levels + 1, targets). `outputs` returns the
    names of the output columns, `slots` the names of the features in them, for a number of targets. Supervised outputs
    are scaled like numbers; `nominal` ones are level indices, which trees use as categories. `positions`: the encoder
    reads level indices (`features.index`) instead of text. `graph` returns its outputs by name from its saved stages,
    of the classes `saved`, and the level indices; without it, training needs `graph: skip`.
    """

    title: str
    stages: Callable[[SparkSession, Sequence[CategoryInput], Sequence[npt.NDArray[np.float64]]], list[Transformer]]
    outputs: Callable[[Sequence[CategoryInput], int], list[str]]
    slots: Callable[[Sequence[CategoryInput], int], list[str]]
    folded: (
        Callable[
            [SparkSession, Sequence[CategoryInput], Sequence[Sequence[npt.NDArray[np.float64]]], str], list[Transformer]
        ]
        | None
    ) = None
    nominal: bool = False
    positions: bool = True
    saved: tuple[str, ...] = ()
    graph: (
        Callable[[Sequence[Stage], Sequence[CategoryInput], Sequence[Value]], Mapping[str, Sequence[Block]]] | None
    ) = None

    @property
    def supervised(self) -> bool:
        """Whether it learns from the target, so that training rows must be encoded by the other folds."""
        return self.folded is not None


def part_name(column: str, part: str | None) -> str:
    """Return the display name of a column or of a date part, as profiles use it."""
    return f"{column} ▸ {part}" if part else column


def step_kinds(role: Role) -> tuple[str, ...]:
    """Return the names of all encoders or all scalers."""
    package = import_module(f"{__name__}.{role}")
    return tuple(sorted(module.name for module in iter_modules(package.__path__) if module.name[0] != "_"))


@cache
def find_encoder(kind: str) -> Encoder:
    """Return the encoder with this name.

    Raises:
        SpecError: There is none.
    """
    encoder: Encoder = _find("encoders", "features.categorical", kind).STEP
    return encoder


@cache
def find_scaler(kind: str) -> Scaler:
    """Return the scaler with this name.

    Raises:
        SpecError: There is none.
    """
    scaler: Scaler = _find("scalers", "features.numeric", kind).STEP
    return scaler


def has_graph(kind: str | None) -> bool:
    """Return whether an encoder or scaler has an ONNX graph; `auto`, None and unknown names count as yes."""
    if kind in step_kinds("encoders"):
        return find_encoder(str(kind)).graph is not None
    return kind not in step_kinds("scalers") or find_scaler(str(kind)).graph is not None


def _find(role: Role, key: str, kind: str) -> Any:
    known = step_kinds(role)
    if kind not in known:
        raise SpecError(
            f"`{key}` must be one of auto, {', '.join(known)}. Got '{kind}' instead.", did_you_mean(kind, known)
        )
    return import_module(f"{__name__}.{role}.{kind}")

"""How columns become numbers: one file per encoder and per scaler, found by its name.

The names of the pipeline's columns are made here and nowhere else: `n0` a number, `c0` a category, and what the steps
make of them.
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
CYCLIC = ("month", "day", "weekday", "hour")  # parts that come round again: levels for an algorithm that takes one-hot


@dataclass(frozen=True, slots=True)
class NumberInput:
    """A number the model reads, and everything that happens to it before scaling.

    `part` names the part of a date or time (None for a plain number). Values outside `bounds` are clipped or become
    missing; a missing one becomes `fill`. `shift` is taken off first, where the spread is tiny against the mean.
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
        """The name people read."""
        return part_name(self.column, self.part)


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A category the model reads: its levels in index order; whatever is not among them is one more level."""

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
        """The name people read."""
        return part_name(self.column, self.part)


Input = NumberInput | CategoryInput


@dataclass(frozen=True, slots=True)
class Scaler:
    """A way to scale numbers: its Spark estimator, and the few values that teach it exactly what the profile knows.

    `graph` scales a matrix [N, D] as the saved stage, of the class `saved`, does; without one a pipeline can be made
    with `graph: skip` only. `affine` says of that stage what is taken off each number, and what the rest is multiplied
    with (0 for a constant).
    """

    title: str
    estimator: Callable[[str, str], Estimator[Any]]
    synopsis: Callable[[NumberSummary], tuple[float, ...]]
    graph: Callable[[Stage, Value], Value] | None = None
    saved: str = ""
    affine: Callable[[Stage], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] | None = None


@dataclass(frozen=True, slots=True)
class Encoder:
    """A way to encode categories.

    `stages` makes the fitted stages for some inputs at once, `folded` those for training rows where an encoding learns
    from the target; both get what each level is worth, shape (levels + 1, targets), only then. `outputs` names the
    columns made of the inputs, `slots` the features in them, for a number of targets. Supervised outputs are scaled
    with the numbers; `nominal` ones are positions, which trees take as categories. `positions` says whether it starts
    from positions (`features.index`) rather than from the text itself. `graph` makes its outputs, by their names, from
    its saved stages, of the kinds `saved`, and the positions of the inputs' levels; without one a pipeline can be made
    with `graph: skip` only.
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
        """Whether it learns from the target, so that training rows have to be encoded by the other folds."""
        return self.folded is not None


def part_name(column: str, part: str | None) -> str:
    """A column, or a part of one, as people and profiles name it."""
    return f"{column} ▸ {part}" if part else column


def kinds(role: Role) -> tuple[str, ...]:
    """The names that an encoder or a scaler may have in the spec."""
    package = import_module(f"{__name__}.{role}")
    return tuple(sorted(module.name for module in iter_modules(package.__path__) if module.name[0] != "_"))


@cache
def find_encoder(kind: str) -> Encoder:
    """The encoder of that kind.

    Raises:
        SpecError: there is none.
    """
    encoder: Encoder = _find("encoders", "features.categorical", kind).STEP
    return encoder


@cache
def find_scaler(kind: str) -> Scaler:
    """The scaler of that kind.

    Raises:
        SpecError: there is none.
    """
    scaler: Scaler = _find("scalers", "features.numeric", kind).STEP
    return scaler


def has_graph(kind: str | None) -> bool:
    """Whether what the spec asks for by that word can be said in a graph; what is left open always can."""
    if kind in kinds("encoders"):
        return find_encoder(str(kind)).graph is not None
    return kind not in kinds("scalers") or find_scaler(str(kind)).graph is not None


def _find(role: Role, key: str, kind: str) -> Any:
    known = kinds(role)
    if kind not in known:
        raise SpecError(
            f"`{key}` must be one of auto, {', '.join(known)}. Got '{kind}' instead.", did_you_mean(kind, known)
        )
    return import_module(f"{__name__}.{role}.{kind}")

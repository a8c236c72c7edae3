"""One file per algorithm family; a file's name is the `kind` of the spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.spec import Task

if TYPE_CHECKING:
    from pyspark.ml import Estimator, Model


class Options(BaseModel):
    """An algorithm's options, with defaults that end in sensible time."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Shape:
    """What an estimator may know before it sees a row.

    `width` is the length of the feature vector, `arity` the largest number of levels of a column that stays a category
    (0 where there is none), `weight` whether a column `weight` is there. Columns are always `features` (vector),
    `label` (double), `weight` (double); outputs `prediction`, `rawPrediction`, `probability`.
    """

    task: Task
    classes: int
    width: int
    arity: int
    rows: int
    weight: bool
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm family: what it can do, what it likes to be fed, and how it is made.

    `estimators` has one maker per task it supports; `instead` says, for the others, what to use.
    `categories` and `scaled` are what `features: auto` chooses for it.
    """

    title: str
    options: type[Options]
    estimators: Mapping[Task, Callable[[Any, Shape], Estimator[Any]]]
    instead: Mapping[Task, str] = field(default_factory=dict)
    categories: Literal["one_hot", "label"] = "one_hot"
    scaled: bool = True
    weighted: bool = True
    probabilities: bool = True
    importances: Callable[[Model], Sequence[float]] | None = None


def kinds() -> tuple[str, ...]:
    """The names that `model.kind` may have."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def find(kind: str) -> Algorithm:
    """The algorithm of that kind.

    Raises:
        SpecError: there is none.
    """
    if kind not in kinds():
        raise SpecError(f"`model.kind` must be one of {', '.join(kinds())}. Got '{kind}' instead.", did_you_mean(kind, kinds()))
    algorithm: Algorithm = import_module(f"{__name__}.{kind}").ALGORITHM
    return algorithm

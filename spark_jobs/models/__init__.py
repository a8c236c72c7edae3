"""One file per algorithm family; a file's name is the `kind` of the spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, ValidationError

from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.models._balance import balanced_weights
from spark_jobs.models._wording import advice, fault, shown
from spark_jobs.spec import Task

if TYPE_CHECKING:
    from pyspark.ml import Estimator, Model

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.answer import Answer
    from spark_jobs.ops.vector import Vector

__all__ = [
    "Algorithm",
    "Options",
    "Shape",
    "balanced_weights",
    "estimator",
    "find",
    "kinds",
    "options",
    "partitions",
    "refuse",
]


class Options(BaseModel):
    """An algorithm's options, with defaults that end in sensible time."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Shape:
    """What an estimator may know before it sees a row.

    `width` is the length of the feature vector, `arity` the largest number of levels of a column that stays a category
    (0 where there is none), `weight` whether a column `weight` is there. Columns are always `features` (vector),
    `label` (double), `weight` (double); outputs `prediction`, `rawPrediction`, `probability`. `label_std` is the
    standard deviation of a regression's label, in its own unit.
    """

    task: Task
    classes: int
    width: int
    arity: int
    rows: int
    weight: bool
    seed: int = 42
    label_std: float = 1.0

    @property
    def columns(self) -> dict[str, Any]:
        """The input columns, as the arguments that every Spark estimator takes."""
        weight = {"weightCol": "weight"} if self.weight else {}
        return {"featuresCol": "features", "labelCol": "label", **weight}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm family: what it can do, what it likes to be fed, and how it is made.

    `estimators` has one maker per task it supports; `instead` says, for the others, what to use. `categories` and
    `scaled` are what `features: auto` chooses for it; `scaler` names the scaling where the options decide it.
    `importances` gives one number per slot of the feature vector. `requires_classic` refuses Spark Connect;
    `package` is what has to be installed and `extra` our extra that brings it. `task_rows` is about how many rows keep
    one Spark task busy longer than it takes to start; 0 leaves the partitions to the algorithm. `rereads` are the tasks
    for which Spark reads the rows more than once and does not keep them itself. `graph` says of a saved model, which is
    of one of the classes `saved`, what it makes of the feature vector, for a number of classes; one without can be
    trained with `graph: skip` only.
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
    requires_classic: bool = False
    package: str = ""
    extra: str = ""
    task_rows: int = 0
    rereads: tuple[Task, ...] = ()
    scaler: Callable[[Any], Literal["standard", "min_max", "none"]] | None = None
    saved: tuple[str, ...] = ()
    graph: Callable[[Stage, Vector, int], Answer] | None = None


@cache
def kinds() -> tuple[str, ...]:
    """The names that `model.kind` may have."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


@cache
def find(kind: str) -> Algorithm:
    """The algorithm of that kind.

    Raises:
        SpecError: there is none.
    """
    if kind not in kinds():
        raise SpecError(
            f"`model.kind` must be one of {', '.join(kinds())}. Got '{kind}' instead.", did_you_mean(kind, kinds())
        )
    algorithm: Algorithm = import_module(f"{__name__}.{kind}").ALGORITHM
    return algorithm


def options(kind: str, params: Mapping[str, Any]) -> Options:
    """The options that `model.params` asks for, every default filled in.

    Raises:
        SpecError: an option that the algorithm does not have, or a value it cannot take; named by its key path.
    """
    known = find(kind).options
    try:
        return known.model_validate(dict(params))
    except ValidationError as error:
        _refuse_option(kind, known, params, error)


def _refuse_option(kind: str, known: type[Options], params: Mapping[str, Any], error: ValidationError) -> NoReturn:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        message = f"`model.params.{name}` is not an option of `model.kind: {kind}`. Got {shown(params[name])} for it."
        raise SpecError(message, advice(name, known.model_fields)) from None
    if not name:
        raise SpecError(f"`model.params` does not fit `model.kind: {kind}`: {first['ctx']['error']}.") from None
    raise SpecError(fault(name, known.model_json_schema()["properties"][name], params[name])) from None


def refuse(kind: str, task: Task | None = None, *, connect: bool = False) -> None:
    """Say no, before anything runs, where the algorithm cannot do what is asked; return where it can.

    `task` is left out while it is not known; `connect` says that the session is a Spark Connect one.

    Raises:
        SpecError: the task is not supported, a package is missing, or the algorithm needs a classic session.
    """
    algorithm = find(kind)
    if task is not None and task not in algorithm.estimators:
        able = " and ".join(algorithm.estimators)
        message = f"`model.kind: {kind}` ({algorithm.title}) cannot do `task: {task}`; it does {able}."
        raise SpecError(message, algorithm.instead.get(task, ""))
    if algorithm.package and find_spec(algorithm.package) is None:
        message = f"`model.kind: {kind}` needs the package {algorithm.package}, which is not installed."
        raise SpecError(message, f"Install it: pip install 'spark-jobs[{algorithm.extra}]'")
    if connect and algorithm.requires_classic:
        message = f"`model.kind: {kind}` ({algorithm.title}) needs a classic Spark session; this one is Spark Connect."
        raise SpecError(message, "Run with `--env local` or through spark-submit, or use `model.kind: boosted_trees`.")


def partitions(kind: str, rows: int) -> int | None:
    """How many partitions a training frame of that many rows should be brought down to; None: leave them as they are.

    Iterative algorithms run hundreds of Spark jobs; on small data the start of a job's tasks is most of its time (a
    one-against-rest SVM on 1,700 rows: 18 s in two partitions, 7 s in one).
    """
    task_rows = find(kind).task_rows
    return max(1, rows // task_rows) if task_rows else None


def estimator(kind: str, params: Mapping[str, Any], shape: Shape) -> Estimator[Any]:
    """The unfitted Spark estimator for a spec's `model.kind` and `model.params`.

    Raises:
        SpecError: as `refuse` and `options`.
    """
    refuse(kind, shape.task)
    algorithm = find(kind)
    if shape.weight and not algorithm.weighted:
        message = f"`model.kind: {kind}` ({algorithm.title}) takes no row weights."
        raise SpecError(message, "Leave out `weight` and `model.balance`, or use `linear`, `forest` or `xgboost`.")
    return algorithm.estimators[shape.task](options(kind, params), shape)

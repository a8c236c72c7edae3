"""One file per algorithm family; a file's name is the `kind` of the spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, ValidationError

from spark_jobs import plugins
from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.models._class_weights import balanced_weights
from spark_jobs.models._search_space import (
    SPEC_SETTINGS,
    Choices,
    NumberRange,
    Parameter,
    SearchSpace,
    Settings,
    TableShape,
)
from spark_jobs.models._task_fit import ArrayRows, TaskModel
from spark_jobs.models._wording import advice
from spark_jobs.spec import Task
from spark_jobs.spec.mistakes import expected, got

if TYPE_CHECKING:
    from pyspark.ml import Estimator, Model

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.output import Output
    from spark_jobs.ops.vector import Vector

__all__ = [
    "SPEC_SETTINGS",
    "Algorithm",
    "ArrayRows",
    "Choices",
    "FitContext",
    "NumberRange",
    "Options",
    "Parameter",
    "SearchSpace",
    "Settings",
    "TableShape",
    "TaskModel",
    "balanced_weights",
    "check_supported",
    "estimator",
    "find",
    "kinds",
    "options",
    "partitions",
]


NumberScale = Literal["standardized", "unit", "any"]


class Options(BaseModel):
    """An algorithm's options, with defaults that train in reasonable time.

    The names are Spark's in snake_case, or XGBoost's for XGBoost. `synonyms` maps other names to an option, for the
    suggestion in an error message only; `_wording` has those that all algorithms share.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    synonyms: ClassVar[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class FitContext:
    """What is known of the training rows before an estimator is fitted.

    The input columns are always `features` (vector), `label` (double) and, where rows have weights, `weight` (double).
    The output columns are `prediction`, `rawPrediction` and `probability`.

    Attributes:
        task: regression, binary or multiclass.
        classes: Number of classes; 0 for regression.
        width: Length of the feature vector.
        arity: Largest number of levels of a feature that stays categorical; 0 where there is none.
        rows: Number of training rows.
        weight: Whether there is a column `weight`.
        seed: Seed of everything random.
        label_std: Standard deviation of a regression's label, in the label's unit.
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
        """Return the input columns, as the arguments that every Spark estimator takes."""
        weight = {"weightCol": "weight"} if self.weight else {}
        return {"featuresCol": "features", "labelCol": "label", **weight}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm family: what it supports, which features it needs, and how it is built.

    Attributes:
        title: The name in messages and reports.
        options: The class of its `model.params`.
        estimators: A function that builds the unfitted estimator, for each supported task.
        categories: What `features.categorical: auto` makes of categories: `indicators` (0 or 1 for each level), or
            `indices`, which trees use as categories.
        numbers: What `features.numeric: auto` makes of numbers: `standardized`, `unit` (from 0 to 1), or `any`, which
            leaves them as they are; a function of the options where it depends on them.
        weighted: Whether it takes row weights.
        probabilities: Whether it predicts probabilities of classes.
        importances: Computes one importance per slot of the feature vector from the fitted model.
        linear: Whether `importances` are coefficients: signed for a number and two classes, sizes for more classes.
        requires_classic: Whether it needs a classic Spark session, not Spark Connect.
        package: The package that has to be installed.
        extra: Our extra that installs `package`.
        tolerance: The largest relative difference that the graph may have from Spark's predictions.
        task_rows: Rows that keep a Spark task busy longer than it takes to start; 0 leaves the partitions as they are.
        iterative: The tasks for which Spark reads the rows more than once without caching them itself.
        saved: The classes that its models are saved as.
        graph: Builds the graph of a saved model from the feature vector, for a number of classes (0 for regression).
            An algorithm without one can be trained with `graph: skip` only.
        search: What tuning may change; without one, the spec's `tune.space` names all that is searched.
        fit_in_task: Fits the algorithm in memory on training rows, stops early on validation rows by a metric, and
            returns the model. Without it, every trial is a distributed fit.
    """

    title: str
    options: type[Options]
    estimators: Mapping[Task, Callable[[Any, FitContext], Estimator[Any]]]
    categories: Literal["indicators", "indices"] = "indicators"
    numbers: NumberScale | Callable[[Any], NumberScale] = "standardized"
    weighted: bool = True
    probabilities: bool = True
    importances: Callable[[Model], Sequence[float]] | None = None
    linear: bool = False
    requires_classic: bool = False
    package: str = ""
    extra: str = ""
    tolerance: float = 1e-9
    task_rows: int = 0
    iterative: tuple[Task, ...] = ()
    saved: tuple[str, ...] = ()
    graph: Callable[[Stage, Vector, int], Output] | None = None
    search: SearchSpace = field(default_factory=partial(SearchSpace, automatic=False))
    fit_in_task: Callable[[Any, FitContext, ArrayRows, ArrayRows, str], TaskModel] | None = None

    @property
    def are_fast_trees(self) -> bool:
        """Whether it is an ensemble of trees that can be fitted in a task."""
        return self.categories == "indices" and self.fit_in_task is not None

    def numbers_for(self, options: Options) -> NumberScale:
        """Return what `features.numeric: auto` makes of numbers with these options."""
        return self.numbers(options) if callable(self.numbers) else self.numbers


def algorithm_kinds() -> tuple[str, ...]:
    """Return the names that `model.kind` may have, sorted.

    Raises:
        SpecError: A registered algorithm has the name of a built-in one.
    """
    return plugins.names("models", __name__)


def find(kind: str) -> Algorithm:
    """Return the algorithm of a kind.

    Raises:
        SpecError: There is no such kind, or a registered algorithm cannot be used.
    """
    known = algorithm_kinds()
    if kind not in known:
        message = f"`model.kind` must be one of {', '.join(known)}. Got '{kind}' instead."
        raise SpecError(message, did_you_mean(kind, known))
    return plugins.declaration("models", __name__, "ALGORITHM", Algorithm, kind)


def options(kind: str, params: Mapping[str, Any]) -> Options:
    """Validate `model.params` and fill in the defaults.

    Raises:
        SpecError: The algorithm has no such option, or the value is not valid; the message names the key path.
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
        message = f"`model.params.{name}` is not an option of `model.kind: {kind}`."
        raise SpecError(message, advice(name, known.model_fields, known.synonyms)) from None
    if not name:
        raise SpecError(f"`model.params` does not fit `model.kind: {kind}`: {first['ctx']['error']}.") from None
    schema = known.model_json_schema()
    must = f"`model.params.{name}` must be {expected(schema['properties'][name], schema)}."
    raise SpecError(must + got(params[name])) from None


def check_supported(kind: str, task: Task | None = None, *, connect: bool = False) -> None:
    """Check, before anything runs, that the algorithm supports the task and the session.

    Args:
        kind: The algorithm, `model.kind` of the spec.
        task: The task, or None while it is not known.
        connect: Whether the session is a Spark Connect session.

    Raises:
        SpecError: The task is not supported, a package is missing, or the algorithm needs a classic session.
    """
    algorithm = find(kind)
    if task is not None and task not in algorithm.estimators:
        able = " and ".join(algorithm.estimators)
        message = f"`model.kind: {kind}` ({algorithm.title}) cannot do `task: {task}`; it does {able}."
        raise SpecError(message, f"Use {_kinds_that(lambda other: task in other.estimators)}.")
    if algorithm.package and find_spec(algorithm.package) is None:
        message = f"`model.kind: {kind}` needs the package {algorithm.package}, which is not installed."
        raise SpecError(message, f"Install it: pip install 'spark-jobs[{algorithm.extra}]'")
    if connect and algorithm.requires_classic:
        message = f"`model.kind: {kind}` ({algorithm.title}) needs a classic Spark session; this one is Spark Connect."
        others = _kinds_that(lambda other: not other.requires_classic)
        raise SpecError(message, f"Run with `--env local` or through spark-submit, or use {others}.")


def _kinds_that(fits: Callable[[Algorithm], bool]) -> str:
    """Return the kinds of all algorithms that fit, as the end of an advice."""
    kinds = [kind for kind in algorithm_kinds() if fits(find(kind))]
    return f"`model.kind: {'`, `'.join(kinds[:-1])}` or `{kinds[-1]}`" if kinds[1:] else f"`model.kind: {kinds[0]}`"


def partitions(kind: str, rows: int) -> int | None:
    """Return the number of partitions for a training frame of that many rows, or None to leave it as it is.

    Iterative algorithms run hundreds of Spark jobs; on small data the start of a job's tasks is most of its time (a
    one-vs-rest SVM on 1,700 rows: 18 s in two partitions, 7 s in one).
    """
    task_rows = find(kind).task_rows
    return max(1, rows // task_rows) if task_rows else None


def estimator(kind: str, params: Mapping[str, Any], context: FitContext) -> Estimator[Any]:
    """Build the unfitted Spark estimator for a spec's `model.kind` and `model.params`.

    Raises:
        SpecError: As `check_supported` and `options`.
    """
    check_supported(kind, context.task)
    algorithm = find(kind)
    if context.weight and not algorithm.weighted:
        message = f"`model.kind: {kind}` ({algorithm.title}) takes no row weights."
        others = _kinds_that(lambda other: other.weighted and context.task in other.estimators)
        raise SpecError(message, f"Leave out `weight` and `model.balance`, or use {others}.")
    return algorithm.estimators[context.task](options(kind, params), context)

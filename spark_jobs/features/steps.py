"""Value steps: what an encoder, a scaler or another step of numbers declares, and how each is found by its name.

A role is a folder here with a `ROLE`, or the type of a step that another distribution registers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from spark_jobs import plugins
from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.features.inputs import AUTO, NONE, CategoryInput, NumberInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pyspark.ml import Estimator, Transformer
    from pyspark.sql import SparkSession

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block
    from spark_jobs.profile.numbers import NumberSummary

_PACKAGE = "spark_jobs.features"


@dataclass(frozen=True, slots=True)
class StepRole:
    """A role of value steps.

    Attributes:
        name: Its folder in `features`.
        key: Its key in the spec: of `features` for encoders and scalers, of `features.steps` for others.
        order: Its place among the roles between imputation and scaling.
    """

    name: str
    key: str
    order: int = 0


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of categories.

    Attributes:
        title: The name in messages and reports.
        stages: Returns the fitted stages for several inputs. A supervised encoder also gets the encoding of each level,
            one table of shape (levels + 1, targets) for each input.
        outputs: Returns the slots of the feature vector in each output column, for a number of targets.
        makes: What the columns hold: `indicators` (0 or 1 for each level), `indices` (the level's index, which trees
            use as a category), or other `numbers`. `auto` uses the first encoder that makes what the algorithm prefers,
            and for more levels than `max_categories` the first supervised one without `unscaled`.
        folded: Supervised encoders only: returns the stages for training rows, which have one table for each fold.
        unscaled: Supervised encoders only: returns further output columns, like `outputs`, which are not scaled.
        positions: Whether it reads level indices (`features.index`) instead of text.
        saved: The classes of its saved stages.
        graph: Returns its output columns from its saved stages and the level indices. An encoder without one needs
            `graph: skip`.
    """

    role: ClassVar[StepRole] = StepRole("encoders", "categorical")
    title: str
    stages: Callable[[SparkSession, Sequence[CategoryInput], Sequence[npt.NDArray[np.float64]]], list[Transformer]]
    outputs: Callable[[Sequence[CategoryInput], int], dict[str, list[str]]]
    makes: Literal["indicators", "indices", "numbers"] = "numbers"
    folded: (
        Callable[
            [SparkSession, Sequence[CategoryInput], Sequence[Sequence[npt.NDArray[np.float64]]], str], list[Transformer]
        ]
        | None
    ) = None
    unscaled: Callable[[Sequence[CategoryInput], int], dict[str, list[str]]] | None = None
    positions: bool = True
    saved: tuple[str, ...] = ()
    graph: (
        Callable[[Sequence[Stage], Sequence[CategoryInput], Sequence[Value]], Mapping[str, Sequence[Block]]] | None
    ) = None

    @property
    def supervised(self) -> bool:
        """Whether it learns from the target, so that training rows are encoded by fold."""
        return self.folded is not None

    @property
    def keeps_indices(self) -> bool:
        """Whether level indices may be among its columns; Spark's trees need a bin for each of their levels."""
        return self.makes == "indices" or self.unscaled is not None

    def unscaled_outputs(self, inputs: Sequence[CategoryInput], targets: int) -> dict[str, list[str]]:
        """Return the slots in each output column that is not scaled: all but the encodings of a supervised encoder."""
        if not self.supervised:
            return self.outputs(inputs, targets)
        return self.unscaled(inputs, targets) if self.unscaled else {}


@dataclass(frozen=True, slots=True)
class Scaler:
    """A scaler of numbers; it comes last.

    Attributes:
        title: The name in messages and reports.
        estimator: Returns the unfitted Spark estimator for an input and an output column of vectors.
        synopsis: Returns the few values on which the estimator fits the result for the profile's numbers.
        spread: Returns the standard deviation of the scaled numbers.
        makes: `standardized` (mean 0, standard deviation 1), `unit` (from 0 to 1) or other `numbers`. `auto` uses the
            first scaler that makes what the algorithm prefers.
        quantiles: Whether `synopsis` needs the quantiles.
        saved: The class of the saved stage.
        graph: Scales a matrix `[N, D]` like the saved stage. A scaler without one needs `graph: skip`.
        affine: Returns the saved stage's centers and factors, each `[D]`: a value becomes `(x - center) * factor`, with
            factor 0 for a constant.
    """

    role: ClassVar[StepRole] = StepRole("scalers", "numeric")
    title: str
    estimator: Callable[[str, str], Estimator[Any]]
    synopsis: Callable[[NumberSummary], tuple[float, ...]]
    spread: Callable[[NumberSummary], float]
    makes: Literal["standardized", "unit", "numbers"] = "numbers"
    quantiles: bool = False
    saved: str = ""
    graph: Callable[[Stage, Value], Value] | None = None
    affine: Callable[[Stage], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] | None = None


@dataclass(frozen=True, slots=True)
class NumberStep:
    """A step of numbers between imputation and scaling, such as a logarithm. Each subclass has a `role`.

    Its output must be finite for every finite input. The rows that verify a graph have no cases at the thresholds of
    trees on such columns.

    Attributes:
        title: The name in messages and reports.
        stages: Returns the fitted stages that compute output columns from as many input columns, given the summary of
            each input.
        summary: Returns the summary of the output from that of the input.
        quantiles: Whether `stages` or `summary` need the quantiles.
        saved: The classes of its saved stages.
        graph: Returns the outputs `[N, D]` of the inputs `[N, D]` from its saved stages, whose columns and fitted
            values it checks. A step without one needs `graph: skip`.
    """

    role: ClassVar[StepRole]
    title: str
    stages: Callable[[SparkSession, Sequence[str], Sequence[str], Sequence[NumberSummary]], list[Transformer]]
    summary: Callable[[NumberSummary], NumberSummary]
    quantiles: bool = False
    saved: tuple[str, ...] = ()
    graph: Callable[[Sequence[Stage], Sequence[str], Sequence[str], Value], Value] | None = None


Step = Encoder | Scaler | NumberStep


@dataclass(frozen=True, slots=True)
class StepGroup:
    """The numbers that share a step between imputation and scaling, with the columns that it reads and writes."""

    role: str
    kind: str
    inputs: tuple[NumberInput, ...]

    @property
    def sources(self) -> list[str]:
        """The input columns of the step."""
        return [one.columns[one.roles.index(self.role)] for one in self.inputs]

    @property
    def outputs(self) -> list[str]:
        """The output columns of the step."""
        return [one.columns[one.roles.index(self.role) + 1] for one in self.inputs]


def step_groups(inputs: Sequence[NumberInput]) -> list[StepGroup]:
    """Group numbers by their steps between imputation and scaling, in the order in which these apply."""
    order = {role.name: place for place, role in enumerate(number_roles())}
    groups: dict[tuple[str, str], list[NumberInput]] = defaultdict(list)
    for one in inputs:
        for step in one.steps:
            groups[step].append(one)
    steps = sorted(groups, key=lambda step: order.get(step[0], -1))
    return [StepGroup(role, kind, tuple(groups[role, kind])) for role, kind in steps]


def encoder_groups(inputs: Sequence[CategoryInput]) -> dict[str, list[CategoryInput]]:
    """Group categories by encoder, in the order in which they occur."""
    groups: dict[str, list[CategoryInput]] = defaultdict(list)
    for one in inputs:
        groups[one.encode].append(one)
    return groups


def step_roles() -> tuple[StepRole, ...]:
    """Return all roles, each once, in the order of their steps."""
    found = {role.name: role for role in (*_built_in_roles(), *(step.role for step in _registered().values()))}
    ends = {Encoder.role.name: -1, Scaler.role.name: 1}
    return tuple(sorted(found.values(), key=lambda role: (ends.get(role.name, 0), role.order, role.name)))


def number_roles() -> tuple[StepRole, ...]:
    """Return the roles between imputation and scaling, in order."""
    return tuple(role for role in step_roles() if role.name not in (Encoder.role.name, Scaler.role.name))


def step_kinds(role: StepRole) -> tuple[str, ...]:
    """Return the names of all steps of a role, the built-in ones first.

    Raises:
        SpecError: A registered step has the name of a built-in one.
    """
    ours = _built_in_kinds(role.name)
    registered = [name for name, step in _registered().items() if step.role.name == role.name]
    plugins.check_collisions("features", (*ours, AUTO, NONE), registered)
    return (*ours, *sorted(registered))


def find_encoder(kind: str) -> Encoder:
    """Return the encoder with this name.

    Raises:
        SpecError: There is none.
    """
    encoder: Encoder = find_step(Encoder.role.name, kind)
    return encoder


def find_scaler(kind: str) -> Scaler:
    """Return the scaler with this name.

    Raises:
        SpecError: There is none.
    """
    scaler: Scaler = find_step(Scaler.role.name, kind)
    return scaler


def find_step(role: str, kind: str) -> Any:
    """Return the step with this name in a role.

    Raises:
        SpecError: There is no such role or step.
    """
    step = _registered().get(kind)
    if step is not None and step.role.name == role:
        return step
    if kind in _built_in_kinds(role):
        return import_module(f"{_PACKAGE}.{role}.{kind}").STEP
    known = sorted(step_kinds(StepRole(role, "")))
    message = f"There is no '{kind}' among the {role} of features, which are {', '.join(known) or 'none'}."
    raise SpecError(message, did_you_mean(kind, known) if known else "Install the package that provides it.")


def kind_making(role: StepRole, makes: str) -> str:
    """Return the first step of a role whose columns hold this, the built-in steps first."""
    return next(kind for kind in step_kinds(role) if find_step(role.name, kind).makes == makes)


def supervised_kinds() -> tuple[str, ...]:
    """Return the supervised encoders, the built-in ones first, those with unscaled columns last."""
    kinds = [kind for kind in step_kinds(Encoder.role) if find_encoder(kind).supervised]
    return tuple(sorted(kinds, key=lambda kind: find_encoder(kind).unscaled is not None))


def _registered() -> dict[str, Step]:
    """Return the steps that other distributions register, by name.

    Raises:
        SpecError: One cannot be loaded or is not a step.
    """
    found: dict[str, Step] = {}
    for name, entry in plugins.registered("features").items():
        step = plugins.load("features", name)
        if not isinstance(step, Encoder | Scaler | NumberStep):
            message = f"The plug-in '{name}' ({entry.value}) of `{_PACKAGE}` must be a step. Got {step!r:.80} instead."
            raise SpecError(message, "Name an `Encoder`, a `Scaler` or a subclass of `NumberStep`.")
        found[name] = step
    return found


def _built_in_roles() -> list[StepRole]:
    return [import_module(f"{_PACKAGE}.{folder}").ROLE for folder in _folders()]


def _built_in_kinds(role: str) -> tuple[str, ...]:
    return plugins.built_in(f"{_PACKAGE}.{role}") if role in _folders() else ()


def _folders() -> list[str]:
    return [module.name for module in iter_modules(import_module(_PACKAGE).__path__) if module.ispkg]

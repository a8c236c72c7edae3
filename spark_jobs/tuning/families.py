"""The algorithms that a search compares, and the settings that it tries first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product, zip_longest

from spark_jobs.errors import SpecError
from spark_jobs.features import CategoryInput, Input, Scaler, find_encoder, step_kinds, supervised_kinds
from spark_jobs.models import Choices, Parameter, SearchSpace, TableShape, algorithm_kinds, check_supported, find
from spark_jobs.plan import Plan
from spark_jobs.plan.make import default_scaling
from spark_jobs.spec import Spec, Task
from spark_jobs.spec.constants import AUTO, LABEL_METRICS, PRIMARY_METRIC, PROBABILITY_METRICS, REGRESSION_METRICS
from spark_jobs.tuning.space import Proposal, check_values, fixed, own_points, own_space, parameter

LARGEST_GRID = 100_000
FEW_LEVELS = 2  # categories of a column up to which all encodings are equivalent
MANY_CLASSES = 10  # up to which supervised encodings are tried


def optimized_metric(spec: Spec, task: Task) -> str:
    """Return the metric to optimize.

    Raises:
        SpecError: The spec names a metric of another task.
    """
    asked = spec.search.metric if spec.search else None
    usual = PRIMARY_METRIC[task]
    if asked is not None and (asked in REGRESSION_METRICS) != (task == "regression"):
        raise SpecError(f"`tune.metric: {asked}` is not a metric of `task: {task}`.", f"Use `{usual}`.")
    return asked or next(iter(spec.evaluate.metrics), usual)


def table_shape(plan: Plan, rows: int) -> TableShape:
    """Return what the choice of algorithms depends on."""
    levels = [len(one.levels) for one in plan.inputs if isinstance(one, CategoryInput)]
    return TableShape(
        task=plan.problem.task,
        rows=rows,
        inputs=len(plan.inputs),
        classes=plan.problem.classes,
        numeric=len(plan.numbers) / len(plan.inputs),
        levels=max(levels, default=0),
        features=sum(_features(one) for one in plan.inputs),
    )


def _features(one: Input) -> int:
    return len(one.levels) if isinstance(one, CategoryInput) and not find_encoder(one.encode).supervised else 1


def first_spec(spec: Spec, task: Task) -> Spec:
    """Return the spec of the first trial: of the spec's own algorithm, or of the one that is cheapest to compare."""
    able = [kind for kind in algorithm_kinds() if find(kind).search.automatic and task in find(kind).estimators]
    cheapest = min(able, key=lambda kind: find(kind).search.order)
    return Proposal(cheapest if spec.model.kind == AUTO else spec.model.kind, {}).apply(spec)


def compared_algorithms(
    spec: Spec, shape: TableShape, metric: str, *, connect: bool
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the algorithms to compare, the cheap ones first, and why others are left out.

    Args:
        spec: The spec.
        shape: The shape of the training rows.
        metric: The metric to optimize.
        connect: Whether the session is a Spark Connect session.
    """
    if spec.model.kind != AUTO:
        return (spec.model.kind,), {}
    considered = [kind for kind in algorithm_kinds() if find(kind).search.automatic]
    reasons = {kind: _why_not(kind, spec, shape, metric, connect) for kind in considered}
    if any(find(kind).are_fast_trees for kind in considered if not reasons[kind]):
        reasons |= {
            kind: "trees that are fitted faster are compared" for kind in considered if find(kind).search.stand_in
        }
    kinds = sorted((kind for kind in considered if not reasons[kind]), key=lambda kind: find(kind).search.order)
    return tuple(kinds), {kind: reason for kind, reason in reasons.items() if reason}


def _why_not(kind: str, spec: Spec, shape: TableShape, metric: str, connect: bool) -> str:
    algorithm = find(kind)
    try:
        check_supported(kind, shape.task, connect=connect)
    except SpecError as error:
        return error.message
    if algorithm.graph is None and spec.graph == "required":
        return "it has no ONNX graph"
    if not algorithm.weighted and (spec.weight is not None or spec.model.balance):
        return "it takes no row weights"
    if not algorithm.probabilities and metric in PROBABILITY_METRICS:
        return f"it has no probabilities, which {metric} needs"
    return algorithm.search.unsuitable(shape)


def search_parameters(spec: Spec, kind: str, shape: TableShape, metric: str) -> dict[str, Parameter]:
    """Return the parameters that a search changes for one algorithm.

    An option that the spec sets stays fixed. A range of `tune.space` replaces the algorithm's own.
    """
    declared = {**find(kind).search.parameters, **_beyond_options(spec, kind, shape, metric)}
    own = {name: parameter(kind, name, written) for name, written in own_space(spec, kind).items()}
    return {name: one for name, one in declared.items() if not fixed(spec, name)} | own


def _beyond_options(spec: Spec, kind: str, shape: TableShape, metric: str) -> dict[str, Choices]:
    """Return the settings outside of `model.params` that are worth a trial on such a table."""
    search, found = find(kind).search, {}
    if encodings := _encodings(search, shape):
        found["features.categorical"] = Choices((AUTO, *encodings))
    if search.scalings and shape.numeric:
        usual = default_scaling(Proposal(kind, {}).apply(spec))
        found["features.numeric"] = Choices((AUTO, *(one for one in step_kinds(Scaler.role) if one != usual)))
    if search.class_weights and metric in LABEL_METRICS:
        found["model.balance"] = Choices((False, True))
    return found


def first_proposals(spec: Spec, kinds: Sequence[str], shape: TableShape) -> list[Proposal]:
    """Return the settings to try first: the spec's points, the defaults and the portfolio of each algorithm in turn.

    Settings that the spec fixes are not in them.
    """
    points = [Proposal(kind, settings) for kind in kinds for settings in own_points(spec, kind)]
    portfolios = [[Proposal(kind, {}), *_portfolio(spec, kind, shape)] for kind in kinds]
    turns = [one for turn in zip_longest(*portfolios) for one in turn if one is not None]
    return _distinct([*points, *turns])


def _portfolio(spec: Spec, kind: str, shape: TableShape) -> Iterator[Proposal]:
    """Yield the algorithm's portfolio: the first settings with each encoding, the others with the richest one."""
    search, place = find(kind).search, "features.categorical"
    encodings = [{place: name} for name in _encodings(search, shape)] if not fixed(spec, place) else []
    for number, settings in enumerate(search.portfolio(shape)):
        free = {name: value for name, value in settings.items() if not fixed(spec, name)}
        for encoding in [{}, *encodings] if number == 0 else encodings[-1:] or [{}]:
            yield Proposal(kind, {**free, **encoding})


def _encodings(search: SearchSpace, shape: TableShape) -> tuple[str, ...]:
    """Return the encodings to try besides the usual one: none for many classes, each of which would be a feature."""
    if not search.encodings or shape.levels <= FEW_LEVELS or shape.classes > MANY_CLASSES:
        return ()
    return supervised_kinds()


def grid(parameters: Mapping[str, Mapping[str, Parameter]]) -> Iterator[Proposal]:
    """Yield every combination of a few values of each parameter, one algorithm after the other."""
    for kind, named in parameters.items():
        combinations = product(*(one.grid() for one in named.values()))
        for values in islice(combinations, LARGEST_GRID):
            yield Proposal(kind, dict(zip(named, values, strict=True)))


def _distinct(proposals: Sequence[Proposal]) -> list[Proposal]:
    found: list[Proposal] = []
    for one in proposals:
        if one not in found:
            check_values(one.kind, one.settings)
            found.append(one)
    return found

"""Is the spec right, as far as it can be seen without Spark and without data?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from spark_jobs import features, models
from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.jobs.result import Result
from spark_jobs.spec import Environment, Spec
from spark_jobs.spec.mistakes import SpecIssue, dotted, got, refusal
from spark_jobs.spec.yaml12 import KeyPath

_SKIP = "Set `graph: skip` to score with Spark alone, or choose another."


def run(spec: Spec, env: Environment) -> Result:
    """Say what was checked; `verify` has found nothing wrong."""
    source = spec.source.path or spec.source.table
    lines = (
        f"{spec.name}: the spec is right, as far as that shows without the data.",
        *made_name(spec),
        f"  predict   {spec.target} from {source}" + (f" ({spec.task})" if spec.task else ""),
        f"  model     {models.find(spec.model.kind).title}",
        f"  runs      {env.name}, under {env.root}",
    )
    return Result(job="check", summary=lines)


def made_name(spec: Spec) -> tuple[str, ...]:
    """The line that shows a name that had to be made; none where the name is as it was given."""
    return (f"  name      '{spec.name}', made from '{spec.made_from}'",) if spec.made_from else ()


def verify(spec: Spec, place: Callable[[KeyPath], str] = lambda path: "") -> None:
    """Join the spec with what algorithms and value steps say of their own options.

    Raises:
        SpecError: every mistake found.
    """
    mistakes = list(option_mistakes(spec))
    if mistakes:
        raise refusal(mistakes, place)


def option_mistakes(spec: Spec) -> Iterator[SpecIssue]:
    """What algorithms and value steps say of their own options in a spec."""
    yield from _model(spec)
    yield from _steps(spec)


def _model(spec: Spec) -> Iterator[SpecIssue]:
    kind = spec.model.kind
    if kind not in models.kinds():
        return  # a rule of the spec says so
    try:
        models.check_supported(kind, spec.task)
    except SpecError as error:
        yield _told(error, ("model", "kind"))
    algorithm = models.find(kind)
    if algorithm.graph is None and spec.graph == "required":
        yield SpecIssue(("model", "kind"), f"has no graph for {kind}, so that the model could not be served.", _SKIP)
    if not algorithm.weighted and (spec.weight is not None or spec.model.balance):
        path: KeyPath = ("weight",) if spec.weight is not None else ("model", "balance")
        yield SpecIssue(path, f"has no use with `model.kind: {kind}`, which takes no row weights.", "Take it out.")
    yield from _params(spec)


def _params(spec: Spec) -> Iterator[SpecIssue]:
    """Each option by itself, so that every wrong one is named; then all together."""
    wrong = False
    for name, value in spec.model.params.items():
        try:
            models.options(spec.model.kind, {name: value})
        except SpecError as error:
            wrong = True
            yield _told(error, ("model", "params", name))
    if not wrong:
        try:
            models.options(spec.model.kind, spec.model.params)
        except SpecError as error:
            yield _told(error, ("model", "params"))


def _told(error: SpecError, path: KeyPath) -> SpecIssue:
    """What an algorithm says of its option, without the key it begins with: that is written with its place."""
    found = re.match(r"`([^`]*)` (.*)", error.message, re.DOTALL)
    known = found is not None and found[1].startswith((dotted(path), ".".join(map(str, path))))
    text = found[2] if known and found else f"is refused: {error.message}"
    return SpecIssue(path, text, error.advice)


def _steps(spec: Spec) -> Iterator[SpecIssue]:
    encoders, scalers = ("auto", *features.kinds("encoders")), ("auto", *features.kinds("scalers"))
    asked: list[tuple[KeyPath, str | None, tuple[str, ...]]] = [
        (("features", "categorical"), spec.features.categorical, encoders),
        (("features", "numeric"), spec.features.numeric, scalers),
    ]
    for column, choice in spec.features.per_column.items():
        place = ("features", "per_column", column)
        asked.append(((*place, "categorical"), choice.categorical, encoders))
        asked.append(((*place, "numeric"), choice.numeric, scalers))
        asked.append(((*place, "date"), choice.date, ("parts", "none")))
    for path, kind, known in asked:
        if kind is not None and kind not in known:
            yield SpecIssue(path, f"must be one of {', '.join(known)}.{got(kind)}", did_you_mean(kind, known))
        elif spec.graph == "required" and not features.has_graph(kind):
            yield SpecIssue(path, f"has no graph for {kind}, so that the model could not be served.", _SKIP)

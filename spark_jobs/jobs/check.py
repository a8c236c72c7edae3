"""check: validate a spec without Spark and without data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from spark_jobs import features, models
from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.jobs.result import Result
from spark_jobs.spec import Environment, Spec
from spark_jobs.spec.constants import AUTO
from spark_jobs.spec.mistakes import SpecIssue, dotted, got, refusal
from spark_jobs.spec.yaml12 import KeyPath
from spark_jobs.tuning.mistakes import tuning_mistakes

_SKIP = "Set `graph: skip` to score with Spark only, or choose another kind."


def run(spec: Spec, env: Environment) -> Result:
    """Return a summary of a spec that has passed validation."""
    source = spec.source.path or spec.source.table
    lines = (
        f"{spec.name}: the spec is valid, as far as that can be checked without data.",
        *made_name(spec),
        f"  predict   {spec.target} from {source}" + (f" ({spec.task})" if spec.task else ""),
        f"  model     {_model_title(spec)}",
        f"  runs      {env.name}, under {env.root}",
    )
    return Result(job="check", summary=lines)


def _model_title(spec: Spec) -> str:
    return "the best of several algorithms" if spec.model.kind == AUTO else models.find(spec.model.kind).title


def made_name(spec: Spec) -> tuple[str, ...]:
    """Return the summary line for a name derived from a location, or nothing if the name was given."""
    return (f"  name      '{spec.name}', made from '{spec.made_from}'",) if spec.made_from else ()


def verify_spec(spec: Spec, place: Callable[[KeyPath], str] = lambda path: "") -> None:
    """Validate the options that algorithms and feature steps define.

    Args:
        spec: The spec.
        place: Returns the prefix of a key path in error messages, such as file, line and column.

    Raises:
        SpecError: An option is invalid; the message lists all mistakes.
    """
    mistakes = list(option_mistakes(spec))
    if mistakes:
        raise refusal(mistakes, place)


def option_mistakes(spec: Spec) -> Iterator[SpecIssue]:
    """Yield the mistakes in the options that algorithms and feature steps define."""
    yield from _model(spec)
    yield from _steps(spec)
    yield from tuning_mistakes(spec)


def _model(spec: Spec) -> Iterator[SpecIssue]:
    kind = spec.model.kind
    if kind not in models.algorithm_kinds():
        return  # reported by spec/rules.py
    try:
        models.check_supported(kind, spec.task)
    except SpecError as error:
        yield _told(error, ("model", "kind"))
    algorithm = models.find(kind)
    if algorithm.graph is None and spec.graph == "required":
        yield SpecIssue(("model", "kind"), f"'{kind}' has no ONNX graph, so the model could not be served.", _SKIP)
    if not algorithm.weighted and (spec.weight is not None or spec.model.balance):
        path: KeyPath = ("weight",) if spec.weight is not None else ("model", "balance")
        yield SpecIssue(
            path, f"does not apply to `model.kind: {kind}`, which does not support row weights.", "Remove it."
        )
    yield from _params(spec)


def _params(spec: Spec) -> Iterator[SpecIssue]:
    """Validate each option on its own, to report every wrong one, and then all options together."""
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
    """Convert an algorithm's error to an issue without the leading key, since `refusal` adds the key path."""
    found = re.match(r"`([^`]*)` (.*)", error.message, re.DOTALL)
    known = found is not None and found[1].startswith((dotted(path), ".".join(map(str, path))))
    text = found[2] if known and found else f"is refused: {error.message}"
    return SpecIssue(path, text, error.advice)


def _steps(spec: Spec) -> Iterator[SpecIssue]:
    encoders, scalers = ("auto", *features.step_kinds("encoders")), ("auto", *features.step_kinds("scalers"))
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
            yield SpecIssue(path, f"'{kind}' has no ONNX graph, so the model could not be served.", _SKIP)

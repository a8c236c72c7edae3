"""Validation of what algorithms, feature steps and checks define in a spec, without Spark and without data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from spark_jobs import models
from spark_jobs.checks import check_issues
from spark_jobs.errors import SpecError
from spark_jobs.features.choices import WITHOUT_GRAPH, step_issues
from spark_jobs.spec import Spec
from spark_jobs.spec.mistakes import SpecIssue, dotted, refusal
from spark_jobs.spec.yaml12 import KeyPath
from spark_jobs.tuning.mistakes import tuning_mistakes


def verify_spec(spec: Spec, place: Callable[[KeyPath], str] = lambda path: "") -> None:
    """Validate the options that algorithms, feature steps and checks define.

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
    """Yield the mistakes in the options that algorithms, feature steps and checks define."""
    yield from _model(spec)
    yield from step_issues(spec)
    yield from check_issues(spec.checks)
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
        yield SpecIssue(
            ("model", "kind"), f"'{kind}' has no ONNX graph, so the model could not be served.", WITHOUT_GRAPH
        )
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

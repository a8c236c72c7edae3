"""Validation of the `tune` section against the algorithms' options, without data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.features import Encoder, Scaler
from spark_jobs.features.choices import step_choices
from spark_jobs.models import SPEC_SETTINGS, algorithm_kinds, find
from spark_jobs.spec import Spec
from spark_jobs.spec.constants import AUTO
from spark_jobs.spec.mistakes import SpecIssue, got
from spark_jobs.spec.yaml12 import KeyPath
from spark_jobs.tuning.space import check_values, fixed, split_name

_RANGE = "`{low: 0.01, high: 0.3, log: true}` or a list of values"


def tuning_mistakes(spec: Spec) -> Iterator[SpecIssue]:
    """Yield the mistakes of the `tune` section."""
    if spec.search is None:
        return
    if find_spec("optuna") is None:
        path: KeyPath = ("tune",) if spec.tune else ("model", "kind")
        yield SpecIssue(path, "needs the package optuna, which is not installed.", "pip install 'spark-jobs[tune]'")
    for name, written in spec.search.space.items():
        yield from _range_mistakes(spec, name, written)
    for index, point in enumerate(spec.search.points):
        yield from _point_mistakes(spec, ("tune", "points", index), point)


def _range_mistakes(spec: Spec, name: str, written: Any) -> Iterator[SpecIssue]:
    path: KeyPath = ("tune", "space", name)
    unknown = _unknown(spec, path, name)
    if unknown is not None:
        yield unknown
    elif spec.model.kind != AUTO and fixed(spec, name):
        yield SpecIssue(path, "has a range, but the spec also sets its value.", "Remove one of them.")
    elif isinstance(written, list) and written:
        yield from _value_mistakes(spec, path, name, written)
    elif isinstance(written, Mapping) and name not in SPEC_SETTINGS:
        yield from _ends_mistakes(spec, path, name, written)
    else:
        yield SpecIssue(path, f"must be {_RANGE}.{got(written)}", "Write both ends, or at least one value.")


def _ends_mistakes(spec: Spec, path: KeyPath, name: str, written: Mapping[str, Any]) -> Iterator[SpecIssue]:
    ends: list[Any] = [written.get("low"), written.get("high")]
    if set(written) - {"low", "high", "log"} or not all(type(end) in (int, float) for end in ends):
        yield SpecIssue(path, f"must be {_RANGE}.{got(dict(written))}", "Write `low` and `high` as numbers.")
    elif ends[0] >= ends[1]:
        yield SpecIssue(path, f"is an empty range: low {ends[0]:g} is not below high {ends[1]:g}.", "Widen it.")
    elif written.get("log") and ends[0] <= 0:
        yield SpecIssue(path, f"is searched by its logarithm, so `low` must be above 0.{got(ends[0])}", "Raise it.")
    else:
        yield from _value_mistakes(spec, path, name, ends)


def _value_mistakes(spec: Spec, path: KeyPath, name: str, values: list[Any]) -> Iterator[SpecIssue]:
    """Yield the first value that the option refuses."""
    kind, setting = split_name(spec, name)
    if not kind:
        known = _spec_values(name)
        wrong = next((value for value in values if value not in known), None)
        if wrong is not None:
            listed = ", ".join(str(value).lower() for value in known)
            yield SpecIssue(path, f"must list some of {listed}.{got(wrong)}", did_you_mean(str(wrong), map(str, known)))
        return
    try:
        for value in values:
            check_values(kind, {setting: value})
    except SpecError as error:
        yield SpecIssue(path, f"reaches a wrong value: {error.message}", error.advice)


def _spec_values(name: str) -> Sequence[str | bool]:
    """Return the values of a setting outside of `model.params`."""
    if name == "model.balance":
        return False, True
    return step_choices(Encoder.role if name == "features.categorical" else Scaler.role)


def _point_mistakes(spec: Spec, path: KeyPath, point: Mapping[str, Any]) -> Iterator[SpecIssue]:
    unknown = [issue for name in point if (issue := _unknown(spec, path, name)) is not None]
    yield from unknown
    if unknown:
        return
    names = [split_name(spec, name) for name in point]
    kinds = {kind for kind, _ in names if kind}
    if len(kinds) != 1:
        hint = "Start each name with the algorithm, as in `xgboost.max_depth`."
        yield SpecIssue(path, "must set options of exactly one algorithm.", hint)
        return
    try:
        check_values(kinds.pop(), dict(zip([setting for _, setting in names], point.values(), strict=True)))
    except SpecError as error:
        yield SpecIssue(path, f"has a wrong value: {error.message}", error.advice)


def _unknown(spec: Spec, path: KeyPath, name: str) -> SpecIssue | None:
    """Return the issue for a name that is no setting of an algorithm."""
    kind, setting = split_name(spec, name)
    if not kind:
        return None
    if kind not in algorithm_kinds():
        hint = "With `model.kind: auto` a name starts with the algorithm, as in `xgboost.max_depth`."
        return SpecIssue(path, f"names no option of an algorithm.{got(name)}", hint)
    known = [*find(kind).options.model_fields, *SPEC_SETTINGS]
    if setting in known:
        return None
    text = f"names an unknown option of `model.kind: {kind}`.{got(setting)}"
    return SpecIssue(path, text, did_you_mean(setting, known))

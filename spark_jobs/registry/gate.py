"""The promotion gate, which decides whether a challenger becomes the champion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from spark_jobs.bundle import Manifest, load_manifest
from spark_jobs.errors import GateError, SparkJobsError, SpecError, did_you_mean, format_list
from spark_jobs.formatting import format_number
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion, look_up, resolve_version, set_alias
from spark_jobs.spec.constants import LOWER_IS_BETTER, METRICS, PRIMARY_METRIC
from spark_jobs.tables.locks import locked

SAME: Final = 1e-6  # tolerance: the metrics of one model differ slightly between graph and pipeline
_BETTER: Final = "Train a better model, or promote it anyway with --force."
_AGAIN: Final = "Train again with the champion's target and split, or promote it anyway with --force."


@dataclass(frozen=True, slots=True)
class EvaluationSetup:
    """What a version predicts, and the rule that chose its test rows.

    `identity` maps the columns that the split hashes to the types they are read as. `cut` is the time (microseconds
    since 1970) after which a time split's rows are test rows. Both are None for versions of older releases.
    """

    task: str = ""
    target: str | None = None
    labels: tuple[str, ...] = ()
    split: Any = None
    key: tuple[str, ...] | None = None
    identity: Mapping[str, str] | None = None
    cut: int | None = None
    fingerprint: str | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> EvaluationSetup:
        """Read the setup from a bundle's manifest."""
        data: Mapping[str, Any] = manifest.data
        return cls(
            str(data.get("task", "")),
            data.get("target"),
            manifest.labels,
            data.get("test"),
            tuple(data["key"]) if "key" in data else None,
            data.get("identity"),
            data.get("cut"),
            data.get("fingerprint"),
        )

    def differences(self, champion: EvaluationSetup) -> tuple[str, ...]:
        """Return the reasons why metrics are not comparable with a champion's on the same rows; empty if they are."""
        return tuple(_other_problem(self, champion)) or tuple(_other_split(self, champion))

    def caution(self, champion: EvaluationSetup) -> str:
        """Return why a champion may have been trained on some test rows despite the same split rule, or ""."""
        kind = self.split.get("kind") if isinstance(self.split, Mapping) else None
        if kind == "hash" and None not in (self.identity, champion.identity) and self.identity != champion.identity:
            return "The split hashes other columns or types: the champion may have been trained on some test rows."
        if kind == "random" and self.fingerprint != champion.fingerprint:
            return "The random split is of other data: the champion may have been trained on some test rows."
        if kind == "time" and self.cut is not None and champion.cut is not None and self.cut < champion.cut:
            return "The earliest test rows precede the champion's cut: the champion was trained on them."
        return ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The champion's metrics on a challenger's test rows.

    `error` says why there are none; `caution` why the champion may have been trained on some of these rows.
    """

    version: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Scores:
    """The gate's input: a version's test metrics, its split rule, and the champion's metrics on the same rows."""

    version: int
    metrics: Mapping[str, float]
    setup: EvaluationSetup = EvaluationSetup()
    champion: Comparison | None = None

    @classmethod
    def of(cls, version: ModelVersion) -> Scores:
        """Read the scores from a version's bundle."""
        manifest = load_manifest(version.bundle)
        told = manifest.data.get("champion")
        champion = Comparison(**told) if told else None
        return cls(version.version, manifest.metrics, EvaluationSetup.of(manifest), champion)


@dataclass(frozen=True, slots=True)
class Promotion:
    """The outcome of a promotion: the new champion, the previous one, and the reasons."""

    version: ModelVersion
    previous: int | None
    metric: str
    reasons: tuple[str, ...]
    forced: bool = False
    moved: bool = True


Evaluate = Callable[[ModelVersion, ModelVersion], Comparison]
"""Evaluates a champion on the test rows of a challenger."""


def promote_challenger(
    tracking: Tracking,
    name: str,
    metric: str | None,
    gate: Mapping[str, float],
    evaluate: Evaluate,
    force: bool = False,
) -> Promotion:
    """Make the challenger the champion if it meets all bounds and is not worse than the champion on the same rows.

    Args:
        metric: The metric of the comparison; None for the task's primary metric.
        gate: The worst value of each metric that passes.
        evaluate: Evaluates the champion if the training evaluated another one, or none.
        force: Move the alias even if the challenger fails; `reasons` then lists the failures.

    Raises:
        GateError: The challenger does not pass; the message has both values.
        JobError: There is no challenger.
    """
    with locked(tracking.root, "promotion"):
        challenger = resolve_version(tracking, name, "challenger")
        champion = look_up(tracking, name, "champion")
        previous = champion.version if champion else None
        new = Scores.of(challenger)
        chosen = metric or PRIMARY_METRIC.get(new.setup.task, "rmse")
        if champion and champion.version == challenger.version:
            return Promotion(challenger, previous, chosen, ("It is already the champion.",), moved=False)
        compared = _compared(tracking, new, champion, challenger, evaluate) if champion else None
        found = gate_failures(new, compared, chosen, gate)
        if found and not force:
            raise GateError(" ".join(found), _AGAIN if compared and compared.error else _BETTER)
        set_alias(tracking, name, "champion", challenger.version)
        reasons = found or (_praise(new, compared, chosen),)
        return Promotion(challenger, previous, chosen, reasons, forced=bool(found))


def _compared(
    tracking: Tracking, new: Scores, champion: ModelVersion, challenger: ModelVersion, evaluate: Evaluate
) -> Comparison:
    """Return the champion's metrics on the challenger's test rows: stored by the training, or evaluated now."""
    stored = new.champion
    if stored is not None and stored.version == champion.version:
        return stored
    try:
        there = resolve_version(tracking, champion.name, champion.version)
        different = new.setup.differences(EvaluationSetup.of(load_manifest(there.bundle)))
        return Comparison(champion.version, error=" ".join(different)) if different else evaluate(there, challenger)
    except SparkJobsError as error:
        return Comparison(champion.version, error=f"It could not be evaluated: {error.message}")


def gate_failures(new: Scores, old: Comparison | None, metric: str, gate: Mapping[str, float]) -> tuple[str, ...]:
    """Return a sentence for each reason to reject a challenger; empty if it may be promoted.

    Args:
        old: The champion's metrics on the same rows; None if there is no champion.
        gate: The worst value of each metric that passes.

    Raises:
        SpecError: It is unknown whether a metric is to be maximized or minimized.
    """
    found = [sentence for name, bound in gate.items() if (sentence := _misses(new, name, bound))]
    if old is None:
        return tuple(found)
    if old.error:
        between = f"Version {new.version} cannot be compared with the champion, version {old.version}."
        return *found, f"{between} {old.error}"
    mine, theirs = _value(new.metrics, metric), _value(old.metrics, metric)
    if math.isnan(mine) or (_is_worse(metric, mine, theirs) and not math.isclose(mine, theirs, rel_tol=SAME)):
        both = f"{metric} of version {new.version} is {format_number(mine, 6)}; the champion, version {old.version}"
        found.append(f"{both}, has {format_number(theirs, 6)} on the same test rows. {old.caution}".rstrip())
    return tuple(found)


def _other_problem(new: EvaluationSetup, old: EvaluationSetup) -> Iterator[str]:
    if new.task != old.task:
        yield f"The task is {new.task}; the champion's is {old.task}."
    if None not in (new.target, old.target) and new.target != old.target:
        yield f"The target is '{new.target}'; the champion's is '{old.target}'."
    if new.task == old.task and set(new.labels) != set(old.labels):
        mine, theirs = (format_list(one.labels, quote=True) for one in (new, old))
        yield f"The labels are {mine}; the champion's are {theirs}."


def _other_split(new: EvaluationSetup, old: EvaluationSetup) -> Iterator[str]:
    for what, one, other in (("`split`", new.split, old.split), ("`key`", new.key, old.key)):
        if None not in (one, other) and one != other:
            yield f"The test rows are chosen by another {what}, so the champion may have been trained on them."


def _misses(new: Scores, metric: str, bound: float) -> str:
    value = _value(new.metrics, metric)
    if not math.isnan(value) and not _is_worse(metric, value, bound):
        return ""
    most = "at most" if metric in LOWER_IS_BETTER else "at least"
    return (
        f"{metric} of version {new.version} must be {most} {format_number(bound, 6)}. It is {format_number(value, 6)}."
    )


def _value(metrics: Mapping[str, float], metric: str) -> float:
    value = metrics.get(metric, math.nan)
    return value if math.isfinite(value) else math.nan


def _is_worse(metric: str, value: float, than: float) -> bool:
    if metric not in METRICS:
        raise SpecError(f"'{metric}' is not a metric that the gate can compare.", did_you_mean(metric, METRICS))
    return value > than if metric in LOWER_IS_BETTER else value < than


def _praise(new: Scores, old: Comparison | None, metric: str) -> str:
    mine = f"{metric} is {format_number(_value(new.metrics, metric))}"
    if old is None:
        return f"There was no champion; {mine}."
    theirs = f"version {old.version} has {format_number(_value(old.metrics, metric))} on the same test rows."
    return f"{mine}; {theirs} {old.caution}".rstrip()

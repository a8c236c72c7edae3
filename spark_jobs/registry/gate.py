"""The gate: whether a challenger may become champion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from spark_jobs.bundle import Manifest, load_manifest
from spark_jobs.errors import GateError, SparkJobsError, SpecError, did_you_mean
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion, look_up, resolve, set_alias
from spark_jobs.tables.locks import locked

LOWER_IS_BETTER: Final = frozenset({"rmse", "mse", "mae", "mape", "log_loss", "brier"})
HIGHER_IS_BETTER: Final = frozenset(
    {"r2", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"}
)
SAME: Final = 1e-6  # a graph differs a little from its pipeline: the same model again must be as good as itself
_PRIMARY: Final = {"regression": "rmse", "binary": "roc_auc", "multiclass": "log_loss"}
_BETTER: Final = "Train a better model, or promote it anyway with --force."
_AGAIN: Final = "Train again, with the target and the split of the champion, or promote it anyway with --force."


@dataclass(frozen=True, slots=True)
class EvaluationSetup:
    """What a version predicts, and by which rule its test rows were chosen.

    `identity` are the columns of which the hash is taken, with the types they are read as, `cut` is the moment
    (microseconds) after which a time split tests. Of a version made by an older release they are not known: None.
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
        """What a bundle says of it."""
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
        """Why metrics must not be compared with those of a champion on the same rows; nothing where they may."""
        return tuple(_other_problem(self, champion)) or tuple(_other_split(self, champion))

    def caution(self, champion: EvaluationSetup) -> str:
        """Why a champion may have been trained on some of the test rows, though the rule is the same; else empty."""
        kind = self.split.get("kind") if isinstance(self.split, Mapping) else None
        if kind == "hash" and None not in (self.identity, champion.identity) and self.identity != champion.identity:
            return "Rows are hashed by other columns or types than the champion's: it may have learned from some."
        if kind == "random" and self.fingerprint != champion.fingerprint:
            return "Rows were drawn from other data than the champion's: it may have learned from some of them."
        if kind == "time" and self.cut is not None and champion.cut is not None and self.cut < champion.cut:
            return "The earliest of these rows are from before the champion's cut: it has learned from them."
        return ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a champion did on the test rows of a challenger.

    `error` says why it is not known, `caution` why it may have learned from some of them.
    """

    version: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the gate looks at: metrics of the test rows, how these were chosen, and how a champion did on them."""

    version: int
    metrics: Mapping[str, float]
    setup: EvaluationSetup = EvaluationSetup()
    champion: Comparison | None = None

    @classmethod
    def of(cls, version: ModelVersion) -> Scores:
        """What the bundle of a version says."""
        manifest = load_manifest(version.bundle)
        told = manifest.data.get("champion")
        champion = Comparison(**told) if told else None
        return cls(version.version, manifest.metrics, EvaluationSetup.of(manifest), champion)


@dataclass(frozen=True, slots=True)
class Promotion:
    """How a promotion went: which version is champion now, which was before, and why."""

    version: ModelVersion
    previous: int | None
    metric: str
    reasons: tuple[str, ...]
    forced: bool = False
    moved: bool = True


Evaluate = Callable[[ModelVersion, ModelVersion], Comparison]
"""Evaluates a champion on the test rows of a challenger."""


def promote(
    tracking: Tracking,
    name: str,
    metric: str | None,
    gate: Mapping[str, float],
    evaluate: Evaluate,
    force: bool = False,
) -> Promotion:
    """Make the challenger champion, if it passes the thresholds and is no worse than the champion on the same rows.

    `metric` is what the two are compared by (default: that of the task); `gate` maps metrics to the worst value that
    passes. `evaluate` is asked where the training evaluated another champion, or none. With `force` the alias moves
    anyway; the objections are in `reasons`.

    Raises:
        GateError: the challenger does not pass; both numbers are named.
        JobError: there is no challenger.
    """
    with locked(tracking.root, "promotion"):
        challenger = resolve(tracking, name, "challenger")
        champion = look_up(tracking, name, "champion")
        previous = champion.version if champion else None
        new = Scores.of(challenger)
        chosen = metric or _PRIMARY.get(new.setup.task, "rmse")
        if champion and champion.version == challenger.version:
            return Promotion(challenger, previous, chosen, ("It is the champion already.",), moved=False)
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
    """How the champion did on the challenger's test rows, as the training found or found now."""
    stored = new.champion
    if stored is not None and stored.version == champion.version:
        return stored
    try:
        there = resolve(tracking, champion.name, champion.version)
        different = new.setup.differences(EvaluationSetup.of(load_manifest(there.bundle)))
        return Comparison(champion.version, error=" ".join(different)) if different else evaluate(there, challenger)
    except SparkJobsError as error:
        return Comparison(champion.version, error=f"It could not be evaluated: {error.message}")


def gate_failures(new: Scores, old: Comparison | None, metric: str, gate: Mapping[str, float]) -> tuple[str, ...]:
    """What speaks against a challenger, one sentence each; nothing where it may be promoted.

    `old` is how the champion did on the same rows.

    Raises:
        SpecError: a metric has no known direction.
    """
    found = [sentence for name, bound in gate.items() if (sentence := _misses(new, name, bound))]
    if old is None:
        return tuple(found)
    if old.error:
        between = f"Version {new.version} cannot be compared with the champion, version {old.version}."
        return *found, f"{between} {old.error}"
    mine, theirs = _value(new.metrics, metric), _value(old.metrics, metric)
    if math.isnan(mine) or (_is_worse(metric, mine, theirs) and not math.isclose(mine, theirs, rel_tol=SAME)):
        both = f"{metric} of version {new.version} is {mine:.6g}, that of the champion, version {old.version}"
        found.append(f"{both}, is {theirs:.6g} on the same test rows. {old.caution}".rstrip())
    return tuple(found)


def _other_problem(new: EvaluationSetup, old: EvaluationSetup) -> Iterator[str]:
    if new.task != old.task:
        yield f"The task is {new.task}, and was {old.task}."
    if None not in (new.target, old.target) and new.target != old.target:
        yield f"The target is '{new.target}', and was '{old.target}'."
    if new.task == old.task and set(new.labels) != set(old.labels):
        yield f"The labels are {_listed(new.labels)}, and were {_listed(old.labels)}."


def _other_split(new: EvaluationSetup, old: EvaluationSetup) -> Iterator[str]:
    for what, one, other in (("`split`", new.split, old.split), ("`key`", new.key, old.key)):
        if None not in (one, other) and one != other:
            yield f"The test rows are chosen by another {what}: the champion may have been trained on them."


def _listed(labels: tuple[str, ...], limit: int = 10) -> str:
    return ", ".join(f"'{label}'" for label in labels[:limit]) + (" …" if len(labels) > limit else "")


def _misses(new: Scores, metric: str, bound: float) -> str:
    value = _value(new.metrics, metric)
    if not math.isnan(value) and not _is_worse(metric, value, bound):
        return ""
    most = "at most" if metric in LOWER_IS_BETTER else "at least"
    return f"{metric} of version {new.version} must be {most} {bound:.6g}. It is {value:.6g}."


def _value(metrics: Mapping[str, float], metric: str) -> float:
    value = metrics.get(metric, math.nan)
    return value if math.isfinite(value) else math.nan


def _is_worse(metric: str, value: float, than: float) -> bool:
    if metric in LOWER_IS_BETTER:
        return value > than
    if metric in HIGHER_IS_BETTER:
        return value < than
    known = LOWER_IS_BETTER | HIGHER_IS_BETTER
    raise SpecError(f"It is not known whether a higher '{metric}' is better.", did_you_mean(metric, known))


def _praise(new: Scores, old: Comparison | None, metric: str) -> str:
    mine = f"{metric} is {_value(new.metrics, metric):.6g}"
    if old is None:
        return f"There was no champion; {mine}."
    theirs = f"that of version {old.version} is {_value(old.metrics, metric):.6g} on the same test rows."
    return f"{mine}, {theirs} {old.caution}".rstrip()

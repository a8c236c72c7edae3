"""The gate: whether a challenger may become champion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from spark_jobs.bundle import Manifest, load_manifest
from spark_jobs.data.lock import locked
from spark_jobs.errors import GateError, SpecError, did_you_mean
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion, look_up, point, resolve

LOWER_IS_BETTER: Final = frozenset({"rmse", "mse", "mae", "mape", "log_loss", "brier"})
HIGHER_IS_BETTER: Final = frozenset(
    {"r2", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"}
)
_PRIMARY: Final = {"regression": "rmse", "binary": "roc_auc", "multiclass": "log_loss"}


@dataclass(frozen=True, slots=True)
class Scores:
    """What the gate looks at: metrics of the test part, and how that part was chosen."""

    version: int
    metrics: Mapping[str, float]
    task: str = ""
    test: object = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """How a promotion went: which version is champion now, which was before, and why."""

    version: ModelVersion
    previous: int | None
    metric: str
    reasons: tuple[str, ...]
    forced: bool = False
    moved: bool = True


def promote(
    tracking: Tracking, name: str, metric: str | None, gate: Mapping[str, float], force: bool = False
) -> Promotion:
    """Makes the challenger champion, if it passes the thresholds and is no worse than the champion.

    `metric` is what the two are compared by (default: that of the task); `gate` maps metrics to the worst value that
    passes. With `force` the alias moves anyhow; the objections are in `reasons`.

    Raises:
        GateError: the challenger does not pass; both numbers are named.
        JobError: there is no challenger.
    """
    with locked(tracking.root, "promotion"):
        challenger = resolve(tracking, name, "challenger")
        champion = look_up(tracking, name, "champion")
        previous = champion.version if champion else None
        new = scores(challenger)
        chosen = metric or _PRIMARY.get(new.task, "rmse")
        if champion and champion.version == challenger.version:
            return Promotion(challenger, previous, chosen, ("It is the champion already.",), moved=False)
        old = scores(resolve(tracking, name, champion.version)) if champion else None
        found = objections(new, old, chosen, gate)
        if found and not force:
            raise GateError(" ".join(found), "Train a better model, or promote it anyhow with --force.")
        point(tracking, name, "champion", challenger.version)
        return Promotion(challenger, previous, chosen, found or (_praise(new, old, chosen),), forced=bool(found))


def scores(version: ModelVersion) -> Scores:
    """What the bundle of a version says of its test."""
    manifest: Manifest = load_manifest(version.bundle)
    data: Mapping[str, Any] = manifest.data
    return Scores(version.version, manifest.metrics, str(data.get("task", "")), data.get("test"))


def objections(new: Scores, old: Scores | None, metric: str, gate: Mapping[str, float]) -> tuple[str, ...]:
    """What speaks against a challenger, one sentence each; nothing where it may be promoted.

    Raises:
        SpecError: a metric has no known direction.
    """
    found = [sentence for name, bound in gate.items() if (sentence := _misses(new, name, bound))]
    if old is None:
        return tuple(found)
    if new.test != old.test or new.task != old.task:
        found.append(f"Version {new.version} was tested by other rules than the champion, version {old.version}.")
    mine, theirs = _value(new, metric), _value(old, metric)
    if math.isnan(mine) or _is_worse(metric, mine, theirs):
        found.append(f"{metric} of version {new.version} is {mine:.6g}, that of the champion is {theirs:.6g}.")
    return tuple(found)


def _misses(new: Scores, metric: str, bound: float) -> str:
    value = _value(new, metric)
    if not math.isnan(value) and not _is_worse(metric, value, bound):
        return ""
    most = "at most" if metric in LOWER_IS_BETTER else "at least"
    return f"{metric} of version {new.version} must be {most} {bound:.6g}. It is {value:.6g}."


def _value(scores: Scores, metric: str) -> float:
    value = scores.metrics.get(metric, math.nan)
    return value if math.isfinite(value) else math.nan


def _is_worse(metric: str, value: float, than: float) -> bool:
    if metric in LOWER_IS_BETTER:
        return value > than
    if metric in HIGHER_IS_BETTER:
        return value < than
    known = LOWER_IS_BETTER | HIGHER_IS_BETTER
    raise SpecError(f"It is not known whether a higher '{metric}' is better.", did_you_mean(metric, known))


def _praise(new: Scores, old: Scores | None, metric: str) -> str:
    if old is None:
        return f"There was no champion; {metric} is {_value(new, metric):.6g}."
    return f"{metric} is {_value(new, metric):.6g}, that of the champion before was {_value(old, metric):.6g}."

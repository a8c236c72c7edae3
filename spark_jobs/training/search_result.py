"""The result of a search for the best model: its trials, the winner, and the reason for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any, Literal

from spark_jobs.spec.constants import LOWER_IS_BETTER

TrialState = Literal["finished", "screened out", "failed", "running"]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial: the settings of an algorithm, and the metric on the validation rows of the folds.

    Attributes:
        number: Its number, from 0.
        kind: The algorithm.
        settings: The settings that differ from the algorithm's defaults.
        state: How it ended.
        score: The mean metric over the folds' validation rows; None unless it finished.
        spread: Its standard deviation over the folds.
        scores: The metric of each fold.
        training: The mean metric over the folds' training rows, if it was measured.
        seconds: The seconds of its fits.
        settled: Options that the fits found, for a fit on all rows.
        cause: Why it failed or was screened out.
        screening: The metric on one fold, fitted on a share of its rows; None without a screening.
        share: The share of a fold's training rows that it was fitted on: as many as fit in a task.
    """

    number: int
    kind: str
    settings: Mapping[str, Any]
    state: TrialState
    score: float | None = None
    spread: float = 0.0
    scores: Sequence[float] = ()
    training: float | None = None
    seconds: float = 0.0
    settled: Mapping[str, int] = field(default_factory=dict)
    cause: str = ""
    screening: float | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A finished search.

    Attributes:
        metric: The metric that was optimized.
        folds: The number of folds.
        trials: All trials, by number.
        best: The winner.
        importances: The share of the metric's variance that each setting explains, by name.
        reason: Why the winner won, in words.
        seconds: The seconds from the first trial to the decision.
        left_out: The algorithms that were not tried, with the reason.
    """

    metric: str
    folds: int
    trials: tuple[TrialRecord, ...]
    best: TrialRecord
    importances: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def leaderboard(self) -> list[TrialRecord]:
        """Return the finished trials, the best first."""
        return ranked(self.trials, self.metric)


def describe_settings(settings: Mapping[str, Any]) -> str:
    """Return settings as text, numbers with three digits.

    >>> describe_settings({"max_depth": 6, "learning_rate": 0.08123}), describe_settings({})
    ('max_depth 6, learning_rate 0.0812', 'defaults')
    """
    texts = {name: f"{value:.3g}" if isinstance(value, float) else str(value) for name, value in settings.items()}
    return ", ".join(f"{name} {text}" for name, text in texts.items()) or "defaults"


def is_better(score: float, other: float, metric: str) -> bool:
    """Return whether a score is better than another one.

    >>> is_better(0.9, 0.8, "roc_auc"), is_better(0.9, 0.8, "rmse")
    (True, False)
    """
    return score < other if metric in LOWER_IS_BETTER else score > other


def is_far_worse(search: SearchResult, tested: float) -> bool:
    """Return whether a test score is far below the winner's validation scores.

    That is more than three of their standard deviations, and more than 5 % of their mean.
    """
    best = search.best.score or 0.0
    margin = max(3 * search.best.spread, 0.05 * abs(best))
    return is_better(best, tested, search.metric) and abs(best - tested) > margin


def may_win(one: TrialRecord, best: TrialRecord) -> bool:
    """Return whether a trial may be as good as the best one, by their difference on the same folds.

    It may if the mean difference is at most two of its standard errors.

    >>> best, near, far = (TrialRecord(0, "a", {}, "finished", scores=s) for s in ([5, 7], [5.1, 6.9], [4, 6.2]))
    >>> may_win(near, best), may_win(far, best)
    (True, False)
    """
    differences = [a - b for a, b in zip(one.scores, best.scores, strict=True)]
    error = stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0
    return abs(fmean(differences)) <= 2 * error


def ranked(trials: tuple[TrialRecord, ...] | list[TrialRecord], metric: str) -> list[TrialRecord]:
    """Return the finished trials, the best first; of equal scores, the cheaper one is better."""
    finished = [one for one in trials if one.score is not None and one.state == "finished"]
    sign = 1 if metric in LOWER_IS_BETTER else -1
    return sorted(finished, key=lambda one: (sign * (one.score or 0.0), one.seconds))

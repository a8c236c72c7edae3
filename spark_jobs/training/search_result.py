"""The result of a search for the best model: its trials, the winner, and the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spark_jobs.spec import constants

TrialState = Literal["finished", "screened out", "failed", "running"]
LOWER_IS_BETTER = (*(name for name in constants.REGRESSION_METRICS if name != "r2"), "log_loss", "brier")


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
        training: The mean metric over the folds' training rows, if it was measured.
        seconds: The seconds of its fits.
        settled: Options that the fits found, for a fit on all rows.
        cause: Why it failed or was screened out.
        screening: The metric on one fold, fitted on a share of its rows; None without a screening.
        run_id: Its MLflow run.
    """

    number: int
    kind: str
    settings: Mapping[str, Any]
    state: TrialState
    score: float | None = None
    spread: float = 0.0
    training: float | None = None
    seconds: float = 0.0
    settled: Mapping[str, int] = field(default_factory=dict)
    cause: str = ""
    screening: float | None = None
    run_id: str = ""


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


def is_better(score: float, other: float, metric: str) -> bool:
    """Return whether a score is better than another one.

    >>> is_better(0.9, 0.8, "roc_auc"), is_better(0.9, 0.8, "rmse")
    (True, False)
    """
    return score < other if metric in LOWER_IS_BETTER else score > other


def ranked(trials: tuple[TrialRecord, ...] | list[TrialRecord], metric: str) -> list[TrialRecord]:
    """Return the finished trials, the best first; of equal scores, the cheaper one is better."""
    finished = [one for one in trials if one.score is not None and one.state == "finished"]
    sign = 1 if metric in LOWER_IS_BETTER else -1
    return sorted(finished, key=lambda one: (sign * (one.score or 0.0), one.seconds))

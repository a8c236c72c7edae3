"""The search for the best model: trials in parallel on shared folds, within the limits of the spec."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from statistics import median

from spark_jobs.error_translation import translate_error
from spark_jobs.errors import DataError
from spark_jobs.runtime.job_groups import JobGroup
from spark_jobs.training.search_result import TrialRecord, is_better, may_win, ranked
from spark_jobs.tuning.leaderboard import best_of_each, show_standing, show_trial
from spark_jobs.tuning.search_plan import SearchPlan
from spark_jobs.tuning.space import Proposal
from spark_jobs.tuning.study import Study
from spark_jobs.tuning.trials import TrialRunner, TrialScore

SCREENED_ROWS = 20_000
"""Rows of a screening, on one fold; tables with fewer than twice as many rows are not screened."""
FIRST_SCREENINGS = 4  # screenings before the first trial can be screened out
_REPEATS = 20  # settings that were tried before, after which the space counts as exhausted
_FAILURES = 10  # trials, after which a search without a single result gives up
_TICK = 0.5
_PATIENCE = 10  # seconds to wait for cancelled trials


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What a trial's thread returns: its score, or the screening that was too bad."""

    score: TrialScore | None
    screening: float | None = None


class Search:
    """Runs the trials of one study.

    Args:
        study: The study.
        runner: Runs a trial.
        plan: The plan of the search.
        ended: Called with the record of each trial that ends.
    """

    def __init__(
        self, study: Study, runner: TrialRunner, plan: SearchPlan, ended: Callable[[TrialRecord], None]
    ) -> None:
        self._study, self._runner, self._plan = study, runner, plan
        self._first = plan.proposals()
        self._trials, self._minutes = plan.tune.limits
        rows = plan.shape.rows
        self._share = SCREENED_ROWS / rows if rows >= 2 * SCREENED_ROWS else 1.0
        self._ended = ended
        self._group = JobGroup(runner.spark, "tuning")
        self._running: dict[Future[TrialOutcome], int] = {}
        self._tried: list[tuple[str, dict[str, object]]] = []

    def run(self) -> float:
        """Run trials until a limit is reached or nothing is left to try; return the seconds spent, earlier ones too.

        Raises:
            DataError: No trial has finished.
        """
        spent, start = self._study.seconds, time.monotonic()
        deadline = start + self._minutes * 60 - spent if self._minutes is not None else None
        waiting = self._study.resume(self._leader())
        self._tried = [(one.kind, dict(one.settings)) for one in self._study.records()]
        pool = ThreadPoolExecutor(self._runner.slots.total, "trial")
        try:
            while not _is_over(deadline) and self._fill(pool, waiting):
                done, _ = wait(self._running, timeout=_until(deadline), return_when=FIRST_COMPLETED)
                for one in done:
                    self._record(one)
                self._study.spend(spent + time.monotonic() - start)
                self._show(deadline)
            self._stop()
        finally:  # after an interruption, the trials that still run are resumed by the next search
            self._group.cancel()
            pool.shutdown(wait=False, cancel_futures=True)
        if not ranked(self._study.records(), self._runner.metric):
            raise self._nothing_finished()
        return spent + time.monotonic() - start

    def _fill(self, pool: ThreadPoolExecutor, waiting: list[tuple[int, Proposal]]) -> bool:
        """Start trials until every thread has one; return whether any trial runs."""
        while len(self._running) < self._runner.slots.total:
            started = waiting.pop(0) if waiting else self._next()
            if started is None:
                break
            number, proposal = started
            self._running[pool.submit(self._attempt, proposal, self._floor())] = number
        return bool(self._running)

    def _next(self) -> tuple[int, Proposal] | None:
        """Return the next trial: of the settings to try first, else of the sampler; None if nothing is left."""
        if (self._trials is not None and len(self._tried) >= self._trials) or self._only_fails():
            return None
        for proposal in self._first:
            if (proposal.kind, dict(proposal.settings)) not in self._tried and proposal.kind in self._contenders():
                return self._remember(self._study.propose(proposal))
        if self._plan.tune.engine == "grid":
            return None
        for _ in range(_REPEATS):
            number, proposal = self._study.sample(self._leader())
            if (proposal.kind, dict(proposal.settings)) not in self._tried:
                return self._remember((number, proposal))
            self._study.discard(number)
        return None

    def _only_fails(self) -> bool:
        states = [one.state for one in self._study.records() if one.state != "running"]
        return len(states) >= _FAILURES and set(states) == {"failed"}

    def _remember(self, started: tuple[int, Proposal]) -> tuple[int, Proposal]:
        self._tried.append((started[1].kind, dict(started[1].settings)))
        return started

    def _contenders(self) -> tuple[str, ...]:
        """Return the algorithms that may still win, and those without a trial."""
        best = best_of_each(self._study.records(), self._runner.metric)
        if not best:
            return self._plan.kinds
        tried = {kind for kind, _ in self._tried}
        near = {one.kind for one in best if may_win(one, best[0])}
        return tuple(kind for kind in self._plan.kinds if kind in near or kind not in tried)

    def _leader(self) -> str:
        best = best_of_each(self._study.records(), self._runner.metric)
        return best[0].kind if best else self._plan.kinds[0]

    def _floor(self) -> float | None:
        """Return the median of the screenings so far, which a screening must reach; None for too few."""
        known = [one.screening for one in self._study.records() if one.screening is not None]
        return median(known) if len(known) >= FIRST_SCREENINGS else None

    def _attempt(self, proposal: Proposal, floor: float | None) -> TrialOutcome:
        """Run a trial in a thread: a screening on a share of one fold where the table is large, then all folds."""
        with self._group.joined():
            screening = None
            if self._share < 1:
                screening = self._runner.run(proposal, (0,), self._share).mean
                if floor is not None and is_better(floor, screening, self._runner.metric):
                    return TrialOutcome(None, screening)
            return TrialOutcome(self._runner.run(proposal, tuple(range(self._plan.tune.folds))), screening)

    def _record(self, done: Future[TrialOutcome]) -> None:
        number = self._running.pop(done)
        error = done.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        if error is not None:
            self._study.fail(number, translate_error(error).message)
        elif (outcome := done.result()).score is not None:
            self._study.finish(number, outcome.score, outcome.screening)
        else:
            self._study.screen_out(number, outcome.screening or 0.0, "its screening was worse than the median")
        records = self._study.records()
        record = next(one for one in records if one.number == number)
        best = ranked(records, self._runner.metric)
        show_trial(record, self._runner.metric, is_best=bool(best) and best[0].number == number)
        self._ended(record)

    def _show(self, deadline: float | None) -> None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        show_standing(self._study.records(), self._runner.metric, self._trials, left)

    def _stop(self) -> None:
        """Cancel the trials that still run; those that finish at the last moment count."""
        end = time.monotonic() + _PATIENCE
        while self._running and time.monotonic() < end:
            self._group.cancel()
            wait(self._running, timeout=_TICK)
            for one in [one for one in self._running if one.done()]:
                number = self._running.pop(one)
                if one.exception() is None and (outcome := one.result()).score is not None:
                    self._study.finish(number, outcome.score, outcome.screening)
                else:
                    self._study.fail(number, "the time limit ended it")

    def _nothing_finished(self) -> DataError:
        failed = [one for one in self._study.records() if one.state == "failed"]
        causes = [one.cause for one in failed if one.cause != "the time limit ended it"]
        if causes:
            return DataError(f"All {len(causes)} trials failed: {causes[0]}", "Change `tune.space` or `model.kind`.")
        return DataError(
            f"`tune.minutes: {self._minutes:g}` is too short: no trial finished.",
            "Raise `tune.minutes`, or set fewer `tune.folds`.",
        )


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def _until(deadline: float | None) -> float:
    return _TICK if deadline is None else max(0.0, min(_TICK, deadline - time.monotonic()))

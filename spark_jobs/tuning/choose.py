"""Choose the algorithm and its settings before the model is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from pyspark.sql.utils import is_remote

from spark_jobs import progress
from spark_jobs.formatting import format_percent
from spark_jobs.models import check_supported
from spark_jobs.plan import Decision
from spark_jobs.runtime.job_groups import task_slots
from spark_jobs.spec import Spec, dump
from spark_jobs.spec.constants import AUTO
from spark_jobs.spec.learning import Tune
from spark_jobs.training.parts import check_parts
from spark_jobs.training.prepare import Prepared
from spark_jobs.training.search_result import SearchResult, TrialRecord, describe_settings, ranked
from spark_jobs.training.workflow import Planned, plan_training
from spark_jobs.tuning.families import first_spec, optimized_metric
from spark_jobs.tuning.folds import FoldStager
from spark_jobs.tuning.leaderboard import reason, score_text
from spark_jobs.tuning.search import Search
from spark_jobs.tuning.search_plan import SearchPlan, plan_search
from spark_jobs.tuning.settle import settle_options
from spark_jobs.tuning.space import Proposal
from spark_jobs.tuning.study import opened_study
from spark_jobs.tuning.trials import Slots, TrialRunner

_REFIT = 0.3  # share of the time limit that the fit of the winner may take


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The winner of a search: the spec to train, and the search itself."""

    spec: Spec
    result: SearchResult

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Return the lines of the plan that explain the choice."""
        result, best = self.result, self.result.best
        part = f" of {format_percent(best.share)} of the rows" if best.share < 1 else ""
        tried = f"{len(result.trials)} trials on {result.folds} folds{part}"
        left = [Decision(kind, "not tried", reason) for kind, reason in result.left_out.items()]
        return (
            Decision("model", best.kind, result.reason),
            Decision("tuning", f"{result.metric} {score_text(best)}", f"{tried} in {result.seconds:.0f} s"),
            Decision("settings", describe_settings(best.settings), f"trial {best.number + 1}"),
            *left,
        )


def plan_best(
    spec: Spec, prepared: Prepared, folder: Path, root: Path, log: Callable[[TrialRecord, str], None]
) -> tuple[SearchResult | None, Planned]:
    """Plan the training of the winner of a search, or else of the spec's model with early stopping.

    Args:
        folder: The folder of the training.
        root: The root folder.
        log: Logs a trial that has ended, with the metric that was optimized.

    Returns:
        The search, if the spec asks for one, and the plan with the reasons for what was chosen.

    Raises:
        DataError: As `choose_model`, or nothing can be trained.
        SpecError: As `choose_model`.
    """
    if spec.search is not None:
        chosen = choose_model(spec, prepared, folder, root, log)
        planned = plan_training(chosen.spec, prepared, folder)
        others = [one for one in planned.plan.decisions if one.subject != "model"]
        return chosen.result, _with_decisions(planned, [*chosen.decisions, *others])
    settled = settle_options(spec, prepared, folder)
    planned = plan_training(Proposal(spec.model.kind, settled).apply(spec) if settled else spec, prepared, folder)
    found = [Decision(name, str(value), "early stopping on inner folds") for name, value in settled.items()]
    return None, _with_decisions(planned, [*planned.plan.decisions, *found])


def _with_decisions(planned: Planned, decisions: Sequence[Decision]) -> Planned:
    return replace(planned, plan=replace(planned.plan, decisions=tuple(decisions)))


def choose_model(
    spec: Spec, prepared: Prepared, folder: Path, root: Path, log: Callable[[TrialRecord, str], None]
) -> ChosenModel:
    """Compare algorithms and settings on folds of the training rows, and return the best.

    Args:
        spec: The spec, with `tune` or `model.kind: auto`.
        prepared: The prepared rows.
        folder: The folder of the training, below which the folds are stored.
        root: The root folder, whose `tuning/<name>.db` stores the trials.
        log: Logs a trial that has ended, with the metric that was optimized.

    Raises:
        DataError: No trial finished in time, or the rows do not allow as many folds.
        SpecError: The metric is not one of the task, or the algorithm does not support the task.
    """
    folds = (spec.search or Tune()).folds
    stager = _checked(spec, prepared, FoldStager(prepared, folds, folder / "folds"))
    with progress.phase("staging folds"):
        staged = stager.staged(first_spec(spec, prepared.problem.task))
    plan = plan_search(spec, staged[0].plan, staged[0].context.rows, connect=is_remote())
    with progress.phase("tuning"):
        result = _searched(spec, prepared, plan, stager, root / "tuning" / f"{spec.name}.db", log)
    best = result.best
    return ChosenModel(Proposal(best.kind, {**best.settings, **best.settled}).apply(spec), result)


def _checked(spec: Spec, prepared: Prepared, stager: FoldStager) -> FoldStager:
    check_parts(prepared)
    optimized_metric(spec, prepared.problem.task)
    if spec.model.kind != AUTO:
        check_supported(spec.model.kind, prepared.problem.task, connect=is_remote())
    stager.check_classes()
    return stager


def _searched(
    spec: Spec,
    prepared: Prepared,
    plan: SearchPlan,
    stager: FoldStager,
    file: Path,
    log: Callable[[TrialRecord, str], None],
) -> SearchResult:
    spark, metric = prepared.rows.sparkSession, plan.metric
    runner = TrialRunner(spark, spec, stager, metric, Slots(task_slots(spark)))
    with opened_study(file, study_key(spec, prepared), metric, plan.tune.engine, spec.split.seed, plan.space) as study:
        seconds = Search(study, runner, plan, lambda record: log(record, metric)).run()
        trials = tuple(study.records())
        best = affordable(trials, plan)
        importances = study.importances(best.kind)
    said = reason(trials, metric, round(plan.shape.rows * plan.tune.folds * best.share))
    return SearchResult(metric, plan.tune.folds, trials, best, importances, said, seconds, plan.left_out)


def affordable(trials: tuple[TrialRecord, ...], plan: SearchPlan) -> TrialRecord:
    """Return the best trial whose settings can be fitted on all rows in a share of the time limit.

    If there is none, the cheapest trial is returned.
    """
    finished, (_, minutes) = ranked(trials, plan.metric), plan.tune.limits
    folds = plan.tune.folds
    most = math.inf if minutes is None else _REFIT * minutes * 60

    def refit(one: TrialRecord) -> float:
        """Return the seconds of one fold's fit, scaled to all rows and to more rounds."""
        rows = folds / (folds - 1) / one.share
        return one.seconds / folds * rows * math.sqrt(rows)

    return next((one for one in finished if refit(one) <= most), min(finished, key=refit))


def study_key(spec: Spec, prepared: Prepared) -> str:
    """Return the name of the study: the same for the same question about the same data.

    More trials, more time or further points continue a study; another spec or other data start a new one.
    """
    tune = spec.search or Tune()
    asked = tune.model_copy(update={"trials": None, "minutes": None, "points": ()})
    defaults = Spec(name=spec.name, source=spec.source, target=spec.target)
    unrelated = {name: getattr(defaults, name) for name in ("track", "predictions", "stream", "checks", "changes")}
    question = spec.model_copy(update={**unrelated, "tune": asked})
    return sha256(f"{dump(question)}\n{prepared.inspected.table.fingerprint}".encode()).hexdigest()[:32]

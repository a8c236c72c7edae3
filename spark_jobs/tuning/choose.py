"""Choose the algorithm and its settings before the model is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pyspark.sql.utils import is_remote

from spark_jobs import progress
from spark_jobs.errors import DataError
from spark_jobs.plan import Decision
from spark_jobs.runtime.job_groups import task_slots
from spark_jobs.spec import Spec, dump
from spark_jobs.spec.learning import Tune
from spark_jobs.training.prepare import Prepared
from spark_jobs.training.search_result import SearchResult, TrialRecord, ranked
from spark_jobs.tuning.families import (
    check_metric,
    compared_algorithms,
    default_metric,
    first_kind,
    first_proposals,
    grid,
    table_shape,
)
from spark_jobs.tuning.folds import FoldStager
from spark_jobs.tuning.leaderboard import reason, settings_text
from spark_jobs.tuning.search import Search
from spark_jobs.tuning.space import Proposal, search_parameters
from spark_jobs.tuning.study import opened_study
from spark_jobs.tuning.trials import Slots, TrialRunner


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The winner of a search: the spec to train, and the search itself."""

    spec: Spec
    result: SearchResult

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Return the lines of the plan that explain the choice."""
        result, best = self.result, self.result.best
        tried = f"{len(result.trials)} trials on {result.folds} folds"
        left = [Decision("left out", kind, reason) for kind, reason in result.left_out.items()]
        return (
            Decision("model", best.kind, result.reason),
            Decision("tuning", f"{result.metric} {best.score:.5g}", f"{tried} in {result.seconds:.0f} s"),
            Decision("settings", settings_text(best), f"trial {best.number + 1}"),
            *left,
        )


def choose_model(
    spec: Spec, prepared: Prepared, folder: Path, root: Path, log: Callable[[TrialRecord, str], str] | None = None
) -> ChosenModel:
    """Compare algorithms and settings on folds of the training rows, and return the best.

    Args:
        spec: The spec, with `tune` or `model.kind: auto`.
        prepared: The prepared rows.
        folder: The folder of the training, below which the folds are stored.
        root: The root folder, whose `tuning/<name>.db` stores the trials.
        log: Logs a trial that has ended under its metric, and returns the id of its run.

    Raises:
        DataError: No trial finished in time, or a class has fewer rows than there are folds.
        SpecError: The metric is not one of the task.
    """
    tune, spark = spec.search or Tune(), prepared.rows.sparkSession
    stager = FoldStager(prepared, tune.folds, folder / "folds")
    stager.check_classes()
    with progress.phase("staging folds"):
        kind = first_kind(spec, prepared.problem.task)
        staged = stager.staged(Proposal(kind, {}).apply(spec))
    shape = table_shape(staged[0].plan, staged[0].context.rows)
    metric = default_metric(spec, shape)
    check_metric(metric, shape)
    kinds, left_out = compared_algorithms(spec, shape, metric, connect=is_remote())
    if not kinds:
        raise DataError("No algorithm supports this table.", "Name one in `model.kind` to see why.")
    space = {kind: search_parameters(spec, kind, shape, metric) for kind in kinds}
    first = grid(space) if tune.engine == "grid" else iter(first_proposals(spec, kinds, shape))
    runner = TrialRunner(spark, spec, stager, metric, Slots(task_slots(spark)))
    with (
        progress.phase("tuning"),
        opened_study(
            root / "tuning" / f"{spec.name}.db", study_key(spec, prepared), metric, tune.engine, spec.split.seed, space
        ) as study,
    ):
        search = Search(study, runner, kinds, first, tune, shape.rows, lambda record: None)
        seconds = search.run()
        trials = tuple(study.records())
        best = ranked(trials, metric)[0]
        said = reason(trials, metric, shape.rows * tune.folds)
        importances = study.importances(best.kind)
    chosen = Proposal(best.kind, {**best.settings, **best.settled}).apply(spec)
    return ChosenModel(chosen, SearchResult(metric, tune.folds, trials, best, importances, said, seconds, left_out))


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

"""The search for the best model as a part of a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from spark_jobs.plan import Decision
from spark_jobs.registry.publish import TrainingArtifacts
from spark_jobs.registry.trial_runs import TrialRuns
from spark_jobs.spec import Environment, Spec
from spark_jobs.training.prepare import Prepared
from spark_jobs.training.search_result import is_far_worse
from spark_jobs.training.workflow import Planned, plan_training
from spark_jobs.tuning.choose import ChosenModel, choose_model
from spark_jobs.tuning.settle import settle_options
from spark_jobs.tuning.space import Proposal

_BOARD = 10  # trials of the leaderboard in the result


def search_model(spec: Spec, prepared: Prepared, folder: Path, env: Environment, runs: TrialRuns) -> ChosenModel | None:
    """Search for the best model, and log each trial as a child of the training's MLflow run.

    Without `tune` and `model.kind: auto` there is no search, and None is returned.
    """
    if spec.search is None:
        return None
    try:
        return choose_model(spec, prepared, folder, Path(env.root).resolve(), runs.log)
    finally:
        runs.close()


def plan_chosen(spec: Spec, prepared: Prepared, folder: Path, chosen: ChosenModel | None) -> Planned:
    """Plan the training of the winner of a search, or else of the spec's model.

    Options that the spec leaves open are found by early stopping.
    """
    if chosen is not None:
        planned = plan_training(chosen.spec, prepared, folder)
        others = [one for one in planned.plan.decisions if one.subject != "model"]
        return replace(planned, plan=replace(planned.plan, decisions=(*chosen.decisions, *others)))
    settled = settle_options(spec, prepared, folder)
    planned = plan_training(Proposal(spec.model.kind, settled).apply(spec) if settled else spec, prepared, folder)
    found = [Decision(name, str(value), "early stopping on inner folds") for name, value in settled.items()]
    return replace(planned, plan=replace(planned.plan, decisions=(*planned.plan.decisions, *found)))


def with_search(done: TrainingArtifacts, chosen: ChosenModel | None) -> TrainingArtifacts:
    """Add a search, and a warning if the test score is far below the scores that the search saw."""
    tested = done.evaluation.metrics.get(chosen.result.metric) if chosen else None
    if chosen is None or tested is None or not is_far_worse(chosen.result, tested):
        return replace(done, search=chosen.result if chosen else None)
    metric, best = chosen.result.metric, chosen.result.best
    told = (
        f"The test {metric} {tested:.4g} is far below validation, {best.score:.4g} ± {best.spread:.2g}: "
        "the test rows may differ from the training rows."
    )
    return replace(done, search=chosen.result, warnings=(*done.warnings, told))


def search_facts(done: TrainingArtifacts) -> dict[str, object]:
    """Return the winner and the leaderboard of a search, if there was one."""
    search = done.search
    if search is None:
        return {}
    best = search.best
    board = [{"model": one.kind, search.metric: one.score, "settings": one.settings} for one in search.leaderboard]
    facts = {"model": best.kind, "params": {**best.settings, **best.settled}, "metric": search.metric}
    return {"tuning": {**facts, "score": best.score, "trials": len(search.trials), "leaderboard": board[:_BOARD]}}

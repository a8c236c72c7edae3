"""The study of a search: Optuna's trials in an SQLite file of their own, so that a killed search goes on."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spark_jobs.models import SPEC_SETTINGS, Choices, NumberRange, Parameter, Settings, find
from spark_jobs.spec.constants import AUTO, LOWER_IS_BETTER
from spark_jobs.training.search_result import TrialRecord, TrialState
from spark_jobs.tuning.space import Proposal
from spark_jobs.tuning.trials import TrialScore

if TYPE_CHECKING:
    import optuna

_WAIT = 60  # seconds for the lock of the SQLite file
_STATES: Mapping[str, TrialState] = {
    "COMPLETE": "finished",
    "PRUNED": "screened out",
    "FAIL": "failed",
    "RUNNING": "running",
}


class Study:
    """The trials of one search. Only the thread of the search may use it.

    A trial's parameters are named `<algorithm>.<setting>`. Its true settings are stored as an attribute, because
    settings of the portfolio may lie outside of the ranges that the sampler knows.
    """

    def __init__(self, study: optuna.Study, parameters: Mapping[str, Mapping[str, Parameter]]) -> None:
        self._study, self._parameters = study, parameters

    def propose(self, proposal: Proposal) -> tuple[int, Proposal]:
        """Start a trial of given settings; return its number and settings."""
        inside = _inside(proposal, self._parameters[proposal.kind])
        values = {f"{proposal.kind}.{name}": value for name, value in inside.items()}
        self._study.enqueue_trial(values, user_attrs=_attributes(proposal))
        return self.sample(proposal.kind)

    def sample(self, kind: str) -> tuple[int, Proposal]:
        """Start a trial of settings that the sampler chooses; return its number and settings.

        A trial that was proposed, but not started before an interruption, comes first.
        """
        trial = self._study.ask()
        return trial.number, self._settings(trial, trial.user_attrs.get("kind", kind))

    def resume(self, kind: str) -> list[tuple[int, Proposal]]:
        """Start the trials again that an interrupted search has left running or proposed.

        Args:
            kind: The algorithm of a trial that was interrupted before its algorithm was stored.
        """
        states = [one.state.name for one in self._study.get_trials(deepcopy=False)]
        running = [self._trial(number) for number, state in enumerate(states) if state == "RUNNING"]
        again = [(one.number, self._settings(one, one.user_attrs.get("kind", kind))) for one in running]
        return [*again, *(self.sample(kind) for state in states if state == "WAITING")]

    def finish(self, number: int, score: TrialScore, screening: float | None) -> None:
        """Store the score of a trial."""
        scores = [one.validation for one in score.folds]
        stored = {"scores": scores, "spread": score.spread, "training": score.training, "seconds": score.seconds}
        self._store(number, **stored, settled=score.settled(), screening=screening, share=score.share)
        self._study.tell(number, score.mean)

    def screen_out(self, number: int, screening: float, cause: str) -> None:
        """End a trial whose screening was too bad."""
        self._store(number, screening=screening, cause=cause)
        self._study.tell(number, state=_state("PRUNED"))

    def fail(self, number: int, cause: str) -> None:
        """End a trial that failed, with the cause."""
        self._store(number, cause=cause)
        self._study.tell(number, state=_state("FAIL"))

    def discard(self, number: int) -> None:
        """End a trial whose settings were tried before, so that `records` has each settings once."""
        self._store(number, repeated=True)
        self._study.tell(number, state=_state("PRUNED"))

    @property
    def seconds(self) -> float:
        """Return the seconds that earlier, interrupted searches have spent."""
        return float(self._study.user_attrs.get("seconds", 0.0))

    def spend(self, seconds: float) -> None:
        """Store the seconds that the search has spent so far."""
        self._study.set_user_attr("seconds", seconds)

    def records(self) -> list[TrialRecord]:
        """Return all trials, by number."""
        trials = self._study.get_trials(deepcopy=False)
        return [_record(one) for one in trials if one.state.name in _STATES and "repeated" not in one.user_attrs]

    def importances(self, kind: str) -> dict[str, float]:
        """Return how much each setting of an algorithm explains of the metric; empty for too few trials."""
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        complete = [one for one in self._study.get_trials(deepcopy=False) if one.state.name == "COMPLETE"]
        ours = [one for one in complete if one.user_attrs.get("kind") == kind]
        names = sorted(set.intersection(*(set(one.params) for one in ours))) if len(ours) > 3 else []
        varied = [name for name in names if len({one.params[name] for one in ours}) > 1]
        if not varied:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator(), params=varied)
        return {name.removeprefix(f"{kind}."): value for name, value in found.items()}

    def _settings(self, trial: optuna.Trial, kind: str) -> Proposal:
        """Ask for each parameter, which registers given values with the sampler, and return the true settings."""
        given, parameters = trial.user_attrs.get("settings"), self._parameters[kind]
        if given is not None:
            inside = _inside(Proposal(kind, given), parameters)
            parameters = {name: one for name, one in parameters.items() if name in inside}
        suggested = {name: _suggested(trial, f"{kind}.{name}", one) for name, one in parameters.items()}
        proposal = Proposal(kind, suggested if given is None else given)
        for name, value in _attributes(proposal).items():
            trial.set_user_attr(name, value)
        return proposal

    def _trial(self, number: int) -> optuna.Trial:
        from optuna import Trial

        frozen = self._study.get_trials(deepcopy=False)[number]
        return Trial(self._study, frozen._trial_id)

    def _store(self, number: int, **values: Any) -> None:
        trial = self._trial(number)
        for name, value in values.items():
            trial.set_user_attr(name, value)


@contextmanager
def opened_study(
    path: Path, key: str, metric: str, engine: str, seed: int, parameters: Mapping[str, Mapping[str, Parameter]]
) -> Iterator[Study]:
    """Yield the study of a key, from an SQLite file that is created if needed.

    Args:
        path: The file.
        key: Identifies the search: the same spec over the same data.
        metric: The metric to optimize.
        engine: `tpe`, `random` or `grid`.
        seed: The seed of the sampler.
        parameters: The parameters of each algorithm, by name.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": _WAIT}})
    direction: Literal["minimize", "maximize"] = "minimize" if metric in LOWER_IS_BETTER else "maximize"
    try:
        study = optuna.create_study(storage=storage, study_name=key, direction=direction, load_if_exists=True)
        # A sampler with the seed of the interrupted search would draw the same settings again.
        study.sampler = _sampler(engine, seed + len(study.get_trials(deepcopy=False)))
        yield Study(study, parameters)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _sampler(engine: str, seed: int) -> optuna.samplers.BaseSampler:
    from optuna.samplers import RandomSampler, TPESampler

    if engine != "tpe":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():  # `group` is experimental; without it, TPE ignores settings of several algorithms
        warnings.simplefilter("ignore")
        return TPESampler(seed=seed, n_startup_trials=5, multivariate=True, group=True, constant_liar=True)


def _state(name: str) -> optuna.trial.TrialState:
    from optuna.trial import TrialState as OptunaState

    return OptunaState[name]


def _attributes(proposal: Proposal) -> dict[str, Any]:
    return {"kind": proposal.kind, "settings": dict(proposal.settings)}


def _suggested(trial: optuna.Trial, name: str, parameter: Parameter) -> Any:
    if isinstance(parameter, Choices):
        return json.loads(trial.suggest_categorical(name, [json.dumps(value) for value in parameter.values]))
    if parameter.whole:
        return trial.suggest_int(name, round(parameter.low), round(parameter.high), log=parameter.log)
    return trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log)


def _inside(proposal: Proposal, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return the settings as the sampler stores them, defaults included; those that it cannot store are left out."""
    encoded = {name: _encoded(proposal.kind, proposal.settings, name, one) for name, one in parameters.items()}
    return {name: value for name, value in encoded.items() if value is not None}


def _encoded(kind: str, settings: Settings, name: str, parameter: Parameter) -> Any:
    """Return a value moved into its range, or one of the choices as JSON; None if it has no place there."""
    value = settings.get(name, _default(kind, name))
    if isinstance(parameter, Choices):
        return json.dumps(value) if json.dumps(value) in [json.dumps(one) for one in parameter.values] else None
    if not isinstance(value, int | float):
        return None
    return _clipped(value, parameter)


def _clipped(value: float, parameter: NumberRange) -> float:
    inside = min(max(value, parameter.low), parameter.high)
    return round(inside) if parameter.whole else float(inside)


def _default(kind: str, name: str) -> Any:
    if name in SPEC_SETTINGS:
        return False if name == "model.balance" else AUTO
    field = find(kind).options.model_fields.get(name)
    return None if field is None else field.get_default()


def _record(frozen: optuna.trial.FrozenTrial) -> TrialRecord:
    known = frozen.user_attrs
    names = ("scores", "spread", "training", "seconds", "settled", "cause", "screening", "share")
    return TrialRecord(
        number=frozen.number,
        kind=known.get("kind", ""),
        settings=known.get("settings", {}),
        state=_STATES[frozen.state.name],
        score=frozen.value if frozen.state.name == "COMPLETE" else None,
        **{name: known[name] for name in names if name in known},
    )

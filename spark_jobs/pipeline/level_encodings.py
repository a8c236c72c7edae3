"""The encodings of target-encoded categories, from the profile of all training rows and of each fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt

from spark_jobs.features import CategoryInput, find_encoder
from spark_jobs.features.level_means import FOLDS, encoding, smoothing, training_encodings
from spark_jobs.plan import Plan
from spark_jobs.profile.levels import LevelCounts
from spark_jobs.profile.profile import Profile

LevelEncodings = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Folds:
    """The profile of each fold of the training rows, and the SQL of a row's fold."""

    sql: str
    profiles: Mapping[int, Profile]

    def others(self, number: int) -> Profile:
        """Return the profile of all rows outside of a fold."""
        rest = [profile for fold, profile in self.profiles.items() if fold != number]
        return reduce(add, rest) if rest else self.profiles[number]


def level_smoothings(plan: Plan, profile: Profile) -> LevelEncodings:
    """Return the smoothing of each target-encoded category, by slot."""
    return {one.slot: smoothing(profile[one.title].levels, _squares(plan, profile, one)) for one in _supervised(plan)}


def level_encodings(plan: Plan, profile: Profile, smoothings: LevelEncodings) -> LevelEncodings:
    """Return the level encodings of each target-encoded category, by slot."""
    levels = {one.slot: profile[one.title].levels for one in _supervised(plan)}
    return {
        one.slot: encoding(one, levels[one.slot], _prior(levels[one.slot]), smoothings[one.slot])
        for one in _supervised(plan)
    }


def encodings_by_fold(
    plan: Plan, profile: Profile, encodings: LevelEncodings, folds: Folds, smoothings: LevelEncodings
) -> dict[str, list[npt.NDArray[np.float64]]]:
    """Return the encodings of training rows, one for each fold, of each target-encoded category by slot."""
    others = [level_encodings(plan, folds.others(number), smoothings) for number in range(FOLDS)]
    return {
        one.slot: training_encodings(
            one, profile[one.title].levels, encodings[one.slot], [fold[one.slot] for fold in others]
        )
        for one in _supervised(plan)
    }


def _supervised(plan: Plan) -> list[CategoryInput]:
    return [one for one in plan.categories if find_encoder(one.encode).supervised]


def _squares(plan: Plan, profile: Profile, one: CategoryInput) -> npt.NDArray[np.float64]:
    """Return the target's sum of squared deviations; for classes, it follows from the row counts."""
    if not plan.problem.labels:
        numbers = profile[plan.problem.target].numbers
        return np.array([numbers.sum_sq if numbers is not None else 0.0])
    prior = _prior(profile[one.title].levels)
    return profile.rows * prior * (1 - prior)


def _prior(levels: LevelCounts | None) -> npt.NDArray[np.float64]:
    table = np.array(list(levels.table.values())) if levels is not None and levels.table else np.zeros((1, 2))
    totals = table.sum(axis=0)
    prior: npt.NDArray[np.float64] = totals[1:] / max(totals[0], 1.0)
    return prior

"""Where an outlier begins."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.columns.types import ColumnType
from spark_jobs.plan.candidates import is_candidate
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Outliers, Spec

Bounds = tuple[float, float]


def bounds_of(numbers: NumberSummary, rule: Outliers) -> Bounds | None:
    """The lowest and highest value that is no outlier; None where the rule would flatten the column.

    `iqr`: quartiles ∓ factor × their distance (Tukey 1977); `zscore`: mean ∓ factor standard deviations; `quantile`:
    the values at the ranks `lower` and `upper`.
    """
    if rule.rule == "none" or not numbers.count:
        return None
    if rule.rule == "zscore":
        low, high = numbers.mean - rule.factor * numbers.std, numbers.mean + rule.factor * numbers.std
    elif rule.rule == "quantile":
        low, high = numbers.quantiles([rule.lower, rule.upper])
    else:
        q1, q3 = numbers.quantiles([0.25, 0.75])
        low, high = q1 - rule.factor * (q3 - q1), q3 + rule.factor * (q3 - q1)
        if q1 == q3:
            return None
    return (low, high) if low < high else None


def outlier_bounds(spec: Spec, types: Mapping[str, ColumnType], profile: Profile) -> dict[str, Bounds | None]:
    """For each number that the rule looks at its bounds; None where they would flatten the column."""
    if spec.clean.outliers.rule == "none":
        return {}
    looked_at = [kind for name, kind in types.items() if kind.cells == "number" and name in profile.columns]
    return {
        kind.name: bounds_of(numbers, spec.clean.outliers)
        for kind in looked_at
        if is_candidate(spec, kind) and (numbers := profile[kind.name].numbers) is not None and numbers.count
    }


def has_outliers(numbers: NumberSummary | None, bounds: Bounds | None) -> bool:
    """Whether a number lies outside the bounds."""
    return numbers is not None and bounds is not None and (numbers.low < bounds[0] or numbers.high > bounds[1])

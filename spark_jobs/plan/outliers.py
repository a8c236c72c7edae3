"""Bounds beyond which a number is an outlier."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.columns.types import ColumnType
from spark_jobs.plan.candidates import is_candidate
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Outliers, Spec

Bounds = tuple[float, float]


def bounds_of(numbers: NumberSummary, rule: Outliers) -> Bounds | None:
    """Return the lowest and highest value that is not an outlier; None if the rule would leave a single value.

    Rules: `iqr` (quartiles ∓ factor × interquartile range, Tukey 1977), `zscore` (mean ∓ factor × standard deviation)
    and `quantile` (the values at the ranks `lower` and `upper`).
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
    """Return the bounds of each numeric candidate; None if the rule would leave a single value."""
    if spec.clean.outliers.rule == "none":
        return {}
    looked_at = [kind for name, kind in types.items() if kind.cells == "number" and name in profile.columns]
    return {
        kind.name: bounds_of(numbers, spec.clean.outliers)
        for kind in looked_at
        if is_candidate(spec, kind) and (numbers := profile[kind.name].numbers) is not None and numbers.count
    }


def has_outliers(numbers: NumberSummary | None, bounds: Bounds | None) -> bool:
    """Return whether a number lies outside the bounds."""
    return numbers is not None and bounds is not None and (numbers.min < bounds[0] or numbers.max > bounds[1])

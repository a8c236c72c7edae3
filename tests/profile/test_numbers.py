from __future__ import annotations

import math

import numpy as np
import pytest

from spark_jobs.profile.numbers import NumberSummary

RANDOM = np.random.default_rng(7)


def test_a_summary_knows_the_moments_numpy_knows() -> None:
    values = RANDOM.gamma(2.0, 3.0, 3001)
    summary = NumberSummary.of(values)
    assert summary.count == 3001
    assert summary.mean == pytest.approx(values.mean(), rel=1e-14)
    assert summary.std == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert (summary.min, summary.max) == (values.min(), values.max())


def test_the_summary_of_two_parts_is_that_of_the_whole() -> None:
    one, other = RANDOM.normal(5, 2, 1500), RANDOM.normal(-50, 9, 700)
    both = NumberSummary.of(one) + NumberSummary.of(other)
    whole = np.concatenate([one, other])
    assert both.count == 2200
    assert both.mean == pytest.approx(whole.mean(), rel=1e-13)
    assert both.std == pytest.approx(whole.std(ddof=1), rel=1e-13)
    assert both.median == np.median(whole)


def test_the_spread_of_numbers_far_from_zero_is_not_lost() -> None:
    values = 1e9 + RANDOM.normal(0, 1e-3, 2000)
    parts = [NumberSummary.of(part) for part in np.array_split(values, 7)]
    whole = parts[0] + parts[1] + parts[2] + parts[3] + parts[4] + parts[5] + parts[6]
    assert whole.std == pytest.approx((values - 1e9).std(ddof=1), rel=1e-6)
    assert whole.shifted(1e9).mean == pytest.approx((values - 1e9).mean(), abs=5e-7)


@pytest.mark.parametrize("count", [1, 2, 5, 1000, 3999])
def test_quantiles_are_exact_while_the_sketch_holds_every_value(count: int) -> None:
    values = RANDOM.normal(size=count)
    ranks = [0.01, 0.25, 0.5, 0.75, 0.99]
    expected = np.quantile(values, ranks, method="inverted_cdf")
    assert NumberSummary.of(values).quantiles(ranks) == pytest.approx(expected)
    assert NumberSummary.of(values).median == np.median(values)


def test_above_that_ranks_are_off_by_less_than_a_thousandth() -> None:
    values = RANDOM.normal(size=200_000)
    summary = NumberSummary.of(values)
    for rank in (0.01, 0.25, 0.5, 0.9):
        assert (values <= summary.quantile(rank)).mean() == pytest.approx(rank, abs=1e-3)


def test_filling_missing_values_changes_moments_and_quantiles_as_numpy_says() -> None:
    values = RANDOM.normal(10, 3, 1000)
    whole = np.concatenate([values, np.full(333, 4.5)])
    filled = NumberSummary.of(values).filled(333, 4.5)
    assert filled.mean == pytest.approx(whole.mean(), rel=1e-13)
    assert filled.std == pytest.approx(whole.std(ddof=1), rel=1e-13)
    assert filled.quantiles([0.25, 0.5, 0.75]) == pytest.approx(
        np.quantile(whole, [0.25, 0.5, 0.75], method="inverted_cdf")
    )


def test_a_summary_survives_being_stored() -> None:
    summary = NumberSummary.of(RANDOM.normal(size=9000))
    again = NumberSummary.from_dict(summary.to_dict())
    assert (again.count, again.mean, again.std, again.min, again.max) == (
        summary.count, summary.mean, summary.std, summary.min, summary.max,
    )  # fmt: skip
    assert again.quantiles([0.1, 0.9]) == summary.quantiles([0.1, 0.9])


def test_no_numbers_have_no_quantiles() -> None:
    empty = NumberSummary.of(np.array([], dtype=np.float64))
    assert empty.count == 0
    assert math.isinf(empty.min)
    with pytest.raises(ValueError, match="no numbers"):
        empty.quantile(0.5)
    assert NumberSummary.from_dict(empty.to_dict()).count == 0

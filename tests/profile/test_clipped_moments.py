"""Moments of clipped numbers that one pass foresaw, against numpy on the numbers themselves."""

from __future__ import annotations

import numpy as np
import pytest

from spark_jobs.profile.clipped_moments import LIMIT, ClippedMoments

RANDOM = np.random.default_rng(5)
VALUES = np.concatenate([RANDOM.normal(0, 1, 5_000), [-90.0, -80.0, 500.0, np.pi, -4.2, 4.1]])
MANY = RANDOM.normal(0, 1.5, 100_000)


@pytest.mark.parametrize("bounds", [(-4.0, 4.0), (-4.3, 3.9), (-3.7, 4.25), (-2.5, 2.2)])
def test_the_moments_after_clipping_are_exact_wherever_in_the_bands_the_bounds_lie(bounds):
    halves = ClippedMoments.of(np.sort(VALUES[:1000]), (-4.0, 4.0)) + ClippedMoments.of(
        np.sort(VALUES[1000:]), (-4.05, 4.02)
    )
    found, expected = halves.clipped(bounds, len(VALUES)), np.clip(VALUES, *bounds)
    assert found.count == len(VALUES)
    assert found.mean == pytest.approx(expected.mean(), rel=1e-12)
    assert found.std == pytest.approx(expected.std(ddof=1), rel=1e-12)
    assert (found.min, found.max) == (expected.min(), expected.max())


def test_few_numbers_are_all_known_wherever_the_bounds_lie():
    few = VALUES[-900:]
    found = ClippedMoments.of(np.sort(few), (-4.0, 4.0)).clipped((-0.5, 70.0), len(few))
    assert found.mean == pytest.approx(np.clip(few, -0.5, 70.0).mean(), rel=1e-12)


@pytest.mark.parametrize("bounds", [(-1.0, 4.0), (-4.0, 1.0), (0.5, 4.0)])
def test_bounds_outside_the_bands_of_many_numbers_cannot_be_told(bounds):
    assert ClippedMoments.of(np.sort(MANY), (-4.0, 4.0)).clipped(bounds, len(MANY)) is None


def test_parts_that_guessed_far_apart_cannot_be_told():
    both = ClippedMoments.of(np.sort(MANY), (-4.0, 4.0)) + ClippedMoments.of(np.sort(MANY), (-1.0, 1.0))
    assert both.clipped((-4.0, 4.0), 2 * len(MANY)) is None


@pytest.mark.parametrize("parts", [1, 3, 40])
@pytest.mark.parametrize("values", [MANY, np.round(MANY * 2), np.abs(MANY), np.full(50_000, 3.0)])
def test_however_many_numbers_come_in_however_many_parts_usual_bounds_are_foreseen(values, parts):
    """Tukey's fences of a hundred thousand numbers, guessed from the first thousand, as a scan does."""
    spread = np.quantile(values, 0.75) - np.quantile(values, 0.25)
    bounds = np.quantile(values, 0.25) - 1.5 * spread, np.quantile(values, 0.75) + 1.5 * spread
    first, *others = np.array_split(values, parts)
    low, high = np.quantile(first[:1000], [0.25, 0.75])
    whole = ClippedMoments.of(np.sort(first), (low - 1.5 * (high - low), high + 1.5 * (high - low)))
    for part in others:
        whole += whole.among(np.sort(part))
    found, expected = whole.clipped(bounds, len(values)), np.clip(values, *bounds)
    assert (found.count, found.min, found.max) == (len(values), expected.min(), expected.max())
    assert found.mean == pytest.approx(expected.mean(), rel=1e-12, abs=1e-12)
    assert found.std == pytest.approx(expected.std(ddof=1), rel=1e-9, abs=1e-12)


def test_numbers_that_a_part_never_fenced_are_missed_in_the_count():
    assert ClippedMoments.of(np.sort(VALUES), (-4.0, 4.0)).clipped((-4.0, 4.0), len(VALUES) + 1) is None


def test_no_more_than_the_limit_are_kept_one_by_one():
    whole = ClippedMoments.of(np.sort(MANY), (-4.0, 4.0)) + ClippedMoments.of(np.sort(MANY + 0.1), (-4.1, 4.2))
    assert len(whole.close) <= LIMIT
    assert whole.below + whole.inside.count + whole.above + whole.times.sum() == 2 * len(MANY)


def test_they_are_the_same_after_being_written_and_read():
    fenced = ClippedMoments.of(np.sort(VALUES), (-4.0, 4.0))
    again = ClippedMoments.from_dict(fenced.to_dict())
    assert again.clipped((-4.1, 4.1), len(VALUES)) == fenced.clipped((-4.1, 4.1), len(VALUES))

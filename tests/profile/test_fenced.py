"""Moments of clipped numbers that one pass foresaw, against numpy on the numbers themselves."""

from __future__ import annotations

import numpy as np
import pytest

from spark_jobs.profile.fenced import LIMIT, Fenced

RANDOM = np.random.default_rng(5)
VALUES = np.concatenate([RANDOM.normal(0, 1, 5_000), [-90.0, -80.0, 500.0, np.pi, -4.2, 4.1]])


@pytest.mark.parametrize("bounds", [(-4.0, 4.0), (-4.3, 3.9), (-3.7, 4.25)])
def test_the_moments_after_clipping_are_exact_wherever_in_the_bands_the_bounds_lie(bounds):
    halves = Fenced.of(np.sort(VALUES[:1000]), (-4.0, 4.0)) + Fenced.of(np.sort(VALUES[1000:]), (-4.05, 4.02))
    found, expected = halves.clipped(bounds, len(VALUES)), np.clip(VALUES, *bounds)
    assert found.count == len(VALUES)
    assert found.mean == pytest.approx(expected.mean(), rel=1e-12)
    assert found.std == pytest.approx(expected.std(ddof=1), rel=1e-12)
    assert (found.low, found.high) == (expected.min(), expected.max())


@pytest.mark.parametrize("bounds", [(-5.0, 4.0), (-4.0, 5.0), (-3.0, 4.0), (-4.0, 3.0)])
def test_bounds_outside_the_bands_cannot_be_told(bounds):
    assert Fenced.of(np.sort(VALUES), (-4.0, 4.0)).clipped(bounds, len(VALUES)) is None


def test_parts_that_guessed_far_apart_cannot_be_told():
    both = Fenced.of(np.sort(VALUES), (-4.0, 4.0)) + Fenced.of(np.sort(VALUES), (-9.0, 9.0))
    assert both.clipped((-4.0, 4.0), 2 * len(VALUES)) is None


def test_numbers_that_a_part_never_fenced_are_missed_in_the_count():
    assert Fenced.of(np.sort(VALUES), (-4.0, 4.0)).clipped((-4.0, 4.0), len(VALUES) + 1) is None


def test_too_many_numbers_in_the_bands_are_let_go():
    crowded = Fenced.of(np.full(LIMIT + 1, 4.0), (-4.0, 4.0))
    assert crowded.close is None
    assert crowded.clipped((-4.0, 4.0), LIMIT + 1) is None
    assert (crowded + Fenced.of(np.sort(VALUES), (-4.0, 4.0))).close is None


def test_they_are_the_same_after_being_written_and_read():
    fenced = Fenced.of(np.sort(VALUES), (-4.0, 4.0))
    again = Fenced.from_dict(fenced.to_dict())
    assert again.clipped((-4.1, 4.1), len(VALUES)) == fenced.clipped((-4.1, 4.1), len(VALUES))

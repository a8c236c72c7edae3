from __future__ import annotations

import numpy as np
import pytest

from spark_jobs.profile.distinct import Distinct


def test_few_values_are_counted_exactly() -> None:
    values = np.repeat(np.arange(1000, dtype=np.float64), 5)
    assert Distinct.of(values).count == 1000


def test_the_two_zeros_are_one_value() -> None:
    assert Distinct.of(np.array([0.0, -0.0, 1.0])).count == 2


@pytest.mark.parametrize("many", [5_000, 100_000])
def test_many_values_are_estimated_within_a_tenth(many: int) -> None:
    values = np.tile(np.random.default_rng(1).permutation(many).astype(np.float64), 3)
    assert Distinct.of(values).count == pytest.approx(many, rel=0.1)


def test_two_parts_add_up_to_the_whole() -> None:
    texts = np.array([f"level {i}" for i in range(20_000)], dtype=object)
    parts = Distinct.of(texts[:15_000]) + Distinct.of(texts[5_000:])
    assert np.array_equal(parts.smallest, Distinct.of(texts).smallest)


def test_a_count_survives_being_stored() -> None:
    seen = Distinct.of(np.arange(10_000, dtype=np.float64))
    assert Distinct.from_list(seen.to_list()).count == seen.count

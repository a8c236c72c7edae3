"""Copies among features are found by what the profile holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from report_contexts import number_column, text_column

from spark_jobs.profile.profile import Profile
from spark_jobs.profile.target_association import TargetAssociation
from spark_jobs.report.near_copies import find_near_copies

VALUES = np.random.default_rng(5).normal(size=300)
TARGET = np.random.default_rng(6).normal(size=(300, 1))


def with_target(name, values):
    return replace(number_column(name, values), target_association=TargetAssociation.of(np.asarray(values), TARGET))


def found(*columns):
    return find_near_copies(
        Profile(300, {column.name: column for column in columns}), [column.name for column in columns]
    )


def test_a_number_and_its_copy_are_a_pair():
    assert found(with_target("a", VALUES), with_target("b", VALUES), with_target("c", VALUES * 2)) == [("a", "b")]


def test_the_same_values_in_other_rows_are_no_copy():
    assert found(with_target("a", VALUES), with_target("b", VALUES[::-1].copy())) == []


def test_a_category_under_other_names_is_a_copy():
    english = text_column("colour", {"red": 150, "blue": 100, "green": 50})
    german = text_column("farbe", {"rot": 150, "blau": 100, "grün": 50})
    other = text_column("other", {"rot": 150, "blau": 99, "grün": 51})
    assert found(english, german, other) == [("colour", "farbe")]


def test_few_values_agree_by_chance_and_are_not_reported():
    assert found(text_column("a", {"x": 150, "y": 150}), text_column("b", {"u": 150, "v": 150})) == []
    assert found(number_column("a", [0.0, 1.0] * 9), number_column("b", [0.0, 1.0] * 9)) == []

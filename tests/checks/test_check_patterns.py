"""Regular expressions that Java's engine runs: they mean what they mean to RE2, and no other is taken."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import functions as F

from spark_jobs.checks.patterns import matches_pattern, runs_in_java

CLASSES = [
    "a",
    "b",
    "-",
    r"\.",
    "[ab]",
    "[a-c]",
    "[b-]",
    "[-a]",
    "[0-9]",
    r"\d",
    r"\w",
    r"\s",
    r"[\d.]",
    "[a-c-e]",
    "[.-0]",
]
TIMES = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{2,}", "{0}"]
TEXT = "abcde-.019_ \n"


@pytest.mark.parametrize(
    "pattern", [r"[A-Z]{2}-\d+", "level [0-9]+", r"\d{4}-\d{2}-\d{2}", "N[0-9A-Z]+", "ab?c", r"\(\d{1,3}\)"]
)
def test_a_pattern_with_one_repetition_at_most_is_run_by_java(pattern):
    assert runs_in_java(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(a|aa)+", "a*a*", r"\w+\d?", "a+?", "a++", "a|b", ".+", "[^a]", "ä+", "[[:alpha:]]", "a{1001}", r"\p{L}", r"\s",
     r"[\d-z]", r"[A-\]]", "^a$", "[a&&b]", r"\bx", "a**", "[a-]", r"\Qa\E", "a{2}{3}", "{2}",
     "a*{2}", r"\é", r"\[a-z]+"],
)  # fmt: skip
def test_a_pattern_that_java_may_read_in_another_way_or_slowly_is_left_to_re2(pattern):
    assert not runs_in_java(pattern)


def test_java_finds_what_re2_finds(session):
    chance = random.Random(11)
    drawn = {
        "".join(chance.choice(CLASSES) + chance.choice(TIMES) for _ in range(chance.randrange(1, 5)))
        for _ in range(600)
    }
    patterns = [one for one in sorted(drawn) if runs_in_java(one)][:120]
    texts = ["", *("".join(chance.choices(TEXT, k=chance.randrange(1, 6))) for _ in range(500)), "a\n", "ab\u0660", "é"]
    texts += [text for one in patterns for text in _likely(one, chance)]
    rows = session.createDataFrame([(place, text) for place, text in enumerate(texts)], "place int, t string").coalesce(
        1
    )
    found = rows.select("place", *[matches_pattern(F.col("t"), one).alias(f"p{n}") for n, one in enumerate(patterns)])
    matches = found.orderBy("place").toPandas()
    matched = 0
    for number, one in enumerate(patterns):
        expected = pc.match_substring_regex(pa.array(texts), rf"\A(?:{one})\z").to_pylist()
        matched += sum(expected)
        assert matches[f"p{number}"].tolist() == expected, one
    assert len(patterns) == 120
    assert matched > 300


def test_a_missing_text_neither_matches_nor_fails(session):
    rows = session.createDataFrame([(None,), ("12",), ("x",)], "t string")
    assert [row[0] for row in rows.select(matches_pattern(F.col("t"), r"\d+")).collect()] == [None, True, False]


def _likely(pattern: str, chance: random.Random) -> list[str]:
    """Texts that come near to a pattern: some of its own characters, some repeated."""
    own = [one for one in pattern if one.isalnum() or one in "-."] or ["a"]
    return ["".join(one * chance.randrange(1, 3) for one in chance.sample(own, k=len(own))) for _ in range(6)]

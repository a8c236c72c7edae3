from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.errors import SpecError
from spark_jobs.spec.yaml12 import read_yaml, resolve_scalar


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "y", "N", "012", "0o17", "0x1F", "12:30", "2026-01-01", "1_000", "tRue"]
)
def test_what_only_older_yaml_takes_for_something_else_stays_text(text):
    assert resolve_scalar(text) == text
    assert read_yaml(f"a: {text}", "x").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("12", 12),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("~", None),
        ("", None),
        ("NULL", None),
    ],
)
def test_core_scalars_mean_what_yaml_1_2_says(text, value):
    assert resolve_scalar(text) == value
    assert type(resolve_scalar(text)) is type(value)


def test_quotes_keep_everything_text():
    assert read_yaml("a: 'true'\nb: \"12\"\nc: |\n  3\n", "x").data == {"a": "true", "b": "12", "c": "3\n"}


def test_a_key_is_always_text():
    assert read_yaml("2012: a\ntrue: b\n", "x").data == {"2012": "a", "true": "b"}


def test_every_key_and_item_knows_its_line_and_column():
    positions = read_yaml("a: 1\nb:\n  c: [x,\n    y]\n", "x").positions
    assert positions == {
        ("a",): (1, 1),
        ("b",): (2, 1),
        ("b", "c"): (3, 3),
        ("b", "c", 0): (3, 7),
        ("b", "c", 1): (4, 5),
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "repeats the key 'a' of line 1"),
        ("a: 1\nb: {c: 1, c: 2}\n", 2, "repeats the key 'c'"),
        ("a: &x 1\n", 1, "anchor or alias ('x')"),
        ("a: 1\nb: *x\n", 2, "anchor or alias ('x')"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "uses the tag"),
        ("a: !env HOME\n", 1, "uses the tag"),
        ("a: 1\n---\nb: 2\n", 2, "begins a second document"),
        ("a:\n\tb: 1\n", 2, "indented with a tab"),
        ("? [a, b]\n: 1\n", 1, "has a list or a mapping as a key"),
        ("a: [1, 2\n", 2, "is not valid YAML"),
        ("a: >50K\n", 1, "is not valid YAML"),
        ('a: "x\\0y"\n', 1, "contains an invalid character"),
        ("a: " + "9" * 5000, 1, "has a number of 5000 digits"),
    ],
)
def test_what_a_spec_may_not_use_is_refused_with_its_line(text, line, words):
    with pytest.raises(SpecError) as refused:
        read_yaml(text, "conf/x.yml")
    assert refused.value.message.startswith(f"`conf/x.yml:{line}`")
    assert words in refused.value.message
    assert refused.value.advice


def test_an_alias_bomb_is_refused_at_its_first_anchor():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{this}: &{this} [{','.join(['*' + before] * 9)}]\n"
        for before, this in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(SpecError, match="anchor or alias"):
        read_yaml(bomb, "x")


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000, "[" * 1_000_000])
def test_deep_nesting_is_refused_in_no_time(text):
    started = time.monotonic()
    with pytest.raises(SpecError):
        read_yaml(text, "x")
    assert time.monotonic() - started < 5


YAMLISH = st.text(alphabet="ab:-[]{},'\"#&*!|>%@`?~ \n\t0123.e+_\\\x00\ufeff\u2028é", max_size=80)


@settings(max_examples=400, deadline=2000)
@given(st.one_of(st.text(max_size=200), YAMLISH))
def test_any_text_is_either_read_or_refused(text):
    message, advice = "taken", "taken"
    try:
        read_yaml(text, "x")
    except SpecError as refused:
        message, advice = refused.message, refused.advice
    assert "\n" not in message
    assert advice

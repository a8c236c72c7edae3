from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.errors import SpecError
from spark_jobs.spec import load
from spark_jobs.spec.overrides import parse_override


@pytest.fixture
def with_overrides(tmp_path):
    (tmp_path / "x.yml").write_text("source: data/flights.csv\ntarget: arr_delay\nsplit: {seed: 1}\n")
    return lambda *overrides: load(tmp_path / "x.yml", None, overrides)[0]


def test_a_later_override_wins(with_overrides):
    assert with_overrides("split.seed=7", "split.seed=8").split.seed == 8


def test_values_follow_the_rules_of_the_file(with_overrides):
    spec = with_overrides(
        "key=[a, b]", "clean.missing={numeric: 0}", "model.balance=true", "split.test=1e-1", "positive=012"
    )
    assert (spec.key, spec.clean.missing.numeric, spec.model.balance, spec.split.test) == (("a", "b"), 0, True, 0.1)
    assert spec.positive == "012"


@pytest.mark.parametrize(
    ("text", "value"),
    [(">50K", ">50K"), ("a: b", "a: b"), ("*", "*"), ("x # y", "x # y"), ("'7'", "7"), ("a=b", "a=b"), ("", None)],
)
def test_a_plain_value_is_taken_as_it_stands(text, value):
    assert parse_override(f"positive={text}") == (("positive",), value)


def test_the_source_may_be_one_line_and_its_path_still_be_set(with_overrides):
    spec = with_overrides("source.path=other/day.parquet", "source.null_values=[x]")
    assert (spec.source.path, spec.source.kind, spec.source.null_values, spec.name) == (
        "other/day.parquet",
        "parquet",
        ("x",),
        "day",
    )


@pytest.mark.parametrize("quoted", ['"a.b"', "'a.b'", "`a.b`"])
def test_a_column_with_a_dot_is_reached_by_quoting(with_overrides, quoted):
    spec = with_overrides(f"features.per_column.{quoted}.numeric=none")
    assert spec.features.per_column["a.b"].numeric == "none"


def test_a_quote_inside_quotes_is_doubled():
    assert parse_override('features.per_column."a""=.b".numeric=x')[0] == ("features", "per_column", 'a"=.b', "numeric")


@pytest.mark.parametrize(
    ("override", "message", "advice"),
    [
        ("splt.seed=1", "splt` is not a known key.", "Did you mean 'split'?"),
        ("split.sed=1", "`--set split.sed` is not a known key.", "Did you mean 'seed'?"),
        ("split.seed=x", "`--set split.seed` must be a whole number", None),
        ("target.x=1", "goes through `target`, which is not a mapping", "Set `target` as a whole."),
        ("split.seed", "is not of the form `path=value`", "--set path.to.key=value"),
        ("=3", "is not of the form `path=value`", None),
        ("split..seed=3", "is not of the form `path=value`", None),
        ("key=[a", "is not valid YAML", None),
        ("privacy.columns={}", "not built yet", None),
    ],
)
def test_a_wrong_override_is_named(with_overrides, override, message, advice):
    with pytest.raises(SpecError) as error:
        with_overrides(override)
    assert message in error.value.message
    assert error.value.message.startswith("`--set ")
    assert advice is None or advice in error.value.advice


@settings(max_examples=300, deadline=2000)
@given(st.one_of(st.text(max_size=60), st.text(alphabet="ab.\"'`=[]{} \x00\ud800", max_size=30)))
def test_any_override_is_either_read_or_refused(text):
    try:
        path, _ = parse_override(text)
    except SpecError:
        return
    assert all(path)

"""What `import spark_jobs` offers, and how it takes a spec."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import spark_jobs
from spark_jobs import api

ROOT = Path(__file__).parents[1]
VERBS = ("make_profile", "make_plan", "train", "promote", "score", "run", "maintain")


def test_every_name_that_is_offered_is_there_and_says_what_it_is():
    for name in spark_jobs.__all__:
        offered = getattr(spark_jobs, name)
        assert name == "__version__" or inspect.getdoc(offered), name
    assert set(spark_jobs.__all__) <= set(dir(spark_jobs))


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        spark_jobs.trian  # noqa: B018 - the access is what fails


@pytest.mark.parametrize("verb", VERBS)
def test_every_job_takes_a_spec_a_session_and_an_environment(verb):
    asked = inspect.signature(getattr(spark_jobs, verb)).parameters
    assert {"spec", "spark", "env", "keys"} <= set(asked)


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ("conf/flights.yml", {}),
        (ROOT / "conf" / "flights.yml", {}),
        (None, {"source": "data/flights.csv", "target": "arr_delay"}),
        ({"source": "data/flights.csv"}, {"target": "arr_delay"}),
        (spark_jobs.parse({"source": "data/flights.csv", "target": "dep_delay"}), {"target": "arr_delay"}),
    ],
)
def test_a_spec_may_come_in_any_form(given, keys, monkeypatch):
    monkeypatch.chdir(ROOT)
    spec = api._spec(given, keys)
    assert (spec.name, spec.source.path, spec.source.kind) == ("flights", "data/flights.csv", "csv")
    assert spec.target == "arr_delay"


def test_a_key_replaces_what_the_file_says(monkeypatch):
    monkeypatch.chdir(ROOT)
    spec = api._spec("conf/flights.yml", {"model": {"kind": "forest"}})
    assert spec.model.kind == "forest"
    assert spec.key == ("carrier", "flight", "time_hour")


@pytest.mark.parametrize(
    ("given", "keys", "told"),
    [
        (None, {}, "There is no spec"),
        (None, {"source": "a.csv"}, "`target`"),
        (None, {"source": "a.csv", "target": "y", "modle": {}}, "modle"),
        ({"source": "a.csv", "target": "y"}, {"model": {"kind": "linear", "params": {"depth": 3}}}, "depth"),
        (spark_jobs.Spec(name="a", source="a.csv", target="y", key=("y",)), {}, "key"),
        (
            None,
            {"source": {"pth": "a.csv"}, "taget": "y"},
            r"`source\.pth` is not a known key.*'path'.*\n`taget`.*'target'",
        ),
    ],
)
def test_a_wrong_spec_is_refused_before_a_session_is_looked_for(given, keys, told):
    with pytest.raises(spark_jobs.SpecError, match=told):
        spark_jobs.train(given, **keys)


def test_a_misspelled_argument_is_refused_with_the_nearest_one():
    with pytest.raises(spark_jobs.SpecError, match="`rescor` is not an argument") as refused:
        spark_jobs.score("x.yml", rescor=True)
    assert refused.value.advice == "Did you mean 'rescore'?"


MADE = spark_jobs.Spec(source="a.csv", target="y")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key": ("y",)}, "`key"),
        ({"timezone": "Mars/Olympus"}, "`timezone`"),
        (
            {"split": MADE.split.model_copy(update={"kind": "time"})},
            "split.column",
        ),
        ({"model": MADE.model.model_copy(update={"kind": "tre"})}, "'tree'"),
        ({"columns": {"nmeric": ["a"]}}, "nmeric"),
    ],
)
def test_a_spec_made_by_hand_is_judged_by_the_rules_of_a_file(change, told):
    for made in (
        MADE.model_copy(update=change),
        spark_jobs.Spec.model_construct(**{**dict(MADE), **change}),
    ):
        with pytest.raises(spark_jobs.SpecError, match=told):
            spark_jobs.train(made)


def test_a_model_kind_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(spark_jobs.SpecError, match=r"`model.kind` must be one of boosted_trees, .*\n.*'forest'"):
        spark_jobs.parse({"source": "a.csv", "target": "y", "model": {"kind": "forrest"}})


def test_an_environment_may_be_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "env").mkdir(parents=True)
    (tmp_path / "conf" / "env" / "big.yml").write_text("root: ./elsewhere\n")
    assert api._environment("big", None).root == "./elsewhere"
    assert api._environment(None, None) == spark_jobs.Environment()
    with pytest.raises(spark_jobs.SpecError, match="There is no environment 'bog'"):
        api._environment("bog", None)


def test_a_result_prints_its_summary():
    result = spark_jobs.Result(job="train", summary=("one", "  two"))
    assert str(result) == "one\n  two"


def test_what_is_no_bundle_is_no_model(tmp_path):
    with pytest.raises(spark_jobs.JobError, match="There is no bundle"):
        spark_jobs.load_model(tmp_path)
    with pytest.raises(spark_jobs.JobError, match="has no model"):
        spark_jobs.load_model(spark_jobs.Result(job="plan"))

"""What `import spark_jobs` offers, and how it takes a spec."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spark_jobs
from spark_jobs import api
from spark_jobs.api.arguments import SpecKeys, build_environment, build_spec
from spark_jobs.cli.parser import VERBS as COMMANDS
from spark_jobs.sources.readers.dataframe import register

ROOT = Path(__file__).parents[1]
OF_A_SPEC = (
    "check", "doctor", "plan", "profile", "train", "promote", "score", "stream", "run", "maintain"
)  # fmt: skip
# One cell that stands for all of them: the frame counts as 1.1 GB and takes no memory.
MANY_ROWS = pd.DataFrame(np.broadcast_to(0.0, (140_000_000, 1)), columns=["x"])


def test_every_name_that_is_offered_is_there_and_says_what_it_is():
    for name in spark_jobs.__all__:
        offered = getattr(spark_jobs, name)
        assert name == "__version__" or inspect.getdoc(offered), name
    assert dir(spark_jobs) == sorted(spark_jobs.__all__)


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        spark_jobs.trian  # noqa: B018 - the access is what fails


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_of_the_command_line_is_a_function(verb):
    offered = {"plan": "make_plan", "profile": "make_profile"}.get(verb, verb)
    assert getattr(spark_jobs, offered) is getattr(api, verb)
    assert inspect.isfunction(getattr(api, verb))


@pytest.mark.parametrize("verb", [*COMMANDS, "load_model", "open_session"])
def test_every_function_documents_arguments_result_errors_and_an_example(verb):
    told = inspect.getdoc(getattr(api, verb))
    asked = ("Args:", "Returns:", "Raises:", "Example:")
    assert [part for part in asked if part not in told and (verb, part) != ("schema", "Args:")] == []


def test_the_keyword_arguments_are_the_keys_of_a_spec():
    assert set(SpecKeys.__annotations__) == set(spark_jobs.Spec.model_fields)


@pytest.mark.parametrize("verb", OF_A_SPEC)
def test_the_signature_of_a_verb_names_every_key_of_a_spec(verb):
    shown = inspect.signature(getattr(api, verb)).parameters
    assert list(shown)[:3] == ["spec", "source", "target"]
    assert set(spark_jobs.Spec.model_fields) <= set(shown)
    assert all(shown[key].default is None for key in spark_jobs.Spec.model_fields)
    assert "keys" not in shown
    assert "env" in shown


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ("conf/flights.yml", {}),
        (ROOT / "conf" / "flights.yml", {}),
        (None, {"source": "data/flights.csv", "target": "arr_delay"}),
        (None, {"source": Path("data/flights.csv"), "target": "arr_delay", "weight": None}),
        ({"source": "data/flights.csv"}, {"target": "arr_delay"}),
        (spark_jobs.parse({"source": "data/flights.csv", "target": "dep_delay"}), {"target": "arr_delay"}),
    ],
)
def test_a_spec_may_come_in_any_form(given, keys, monkeypatch):
    monkeypatch.chdir(ROOT)
    spec, frames = build_spec(given, keys)
    assert (spec.name, spec.source.path, spec.source.kind) == ("flights", "data/flights.csv", "csv")
    assert spec.target == "arr_delay"
    assert frames == {}


def test_a_key_replaces_what_the_file_says_and_none_leaves_it(monkeypatch):
    monkeypatch.chdir(ROOT)
    spec, _ = build_spec("conf/flights.yml", {"model": {"kind": "forest"}, "key": None})
    assert spec.model.kind == "forest"
    assert spec.key == ("carrier", "flight", "time_hour")


@pytest.mark.parametrize(
    ("given", "keys", "told"),
    [
        (None, {}, "There is no spec"),
        (None, {"target": None}, "There is no spec"),
        (None, {"source": "a.csv"}, "`target`"),
        (None, {"source": "a.csv", "target": "y", "modle": {}}, "modle"),
        (None, {"source": "a.csv", "target": "y", "modle": None}, "modle"),
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
    assert build_environment("big").root == "./elsewhere"
    assert build_environment(None) == spark_jobs.Environment()
    with pytest.raises(spark_jobs.SpecError, match="There is no environment 'bog'"):
        build_environment("bog")


def test_a_spec_is_checked_without_spark():
    told = str(spark_jobs.check(source="data/flights.csv", target="arr_delay", model={"kind": "forest"}))
    assert told.splitlines()[0] == "flights: the spec is valid, as far as that can be checked without data."
    assert "predict   arr_delay from data/flights.csv" in told
    with pytest.raises(spark_jobs.SpecError, match="forrest"):
        spark_jobs.check(source="data/flights.csv", target="arr_delay", model={"kind": "forrest"})


def test_the_schema_has_every_key_of_a_spec():
    made = spark_jobs.schema()
    assert set(made["properties"]) == set(spark_jobs.Spec.model_fields)
    assert "forest" in made["$defs"]["Model"]["properties"]["kind"]["enum"]


def test_a_spec_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "a.yml").write_text("mine")
    with pytest.raises(spark_jobs.SpecError, match="already exists"):
        spark_jobs.init("a.csv", "y", out=tmp_path / "a.yml")
    assert (tmp_path / "a.yml").read_text() == "mine"


def test_a_dataframe_is_a_source_and_names_its_model_after_the_target():
    frame = pd.DataFrame({"a": [1], "arrival delay": [2.0]})
    spec, frames = build_spec(None, {"source": frame, "target": "arrival delay"})
    assert (spec.name, spec.source.kind, spec.source.table) == (
        "arrival_delay", "dataframe", "spark_jobs_arrival_delay",
    )  # fmt: skip
    assert frames == {"spark_jobs_arrival_delay": frame}
    named, frames = build_spec({"source": frame, "target": "a"}, {"name": "my-model"})
    assert (named.name, list(frames)) == ("my-model", ["spark_jobs_my_model"])


@pytest.mark.parametrize(
    ("frame", "told", "advice"),
    [
        (MANY_ROWS, "takes 1.1 GB; at most 1 GB", "to_parquet"),
        (pd.DataFrame({"x": [1], "y": ["a"], "m": [object()]}), "column 'm' .* holds object", "astype"),
        (pd.DataFrame({"x": [1, "a", 2.5]}), "column 'x' .* holds float, int, str", "frame['x']"),
        (pd.DataFrame([[1, 2]], columns=["x", "X"]), "differ by more than case.*'x', 'X'", "Rename"),
        (pd.DataFrame({"_row_id": [1]}), "must not be reserved.*'_row_id'", "Rename"),
        (pd.DataFrame(index=[1, 2]), "has no columns", "with their columns"),
    ],
)
def test_a_pandas_frame_that_cannot_be_read_is_refused_by_column(frame, told, advice):
    with pytest.raises(spark_jobs.DataError, match=told) as refused:
        register(frame, "spark_jobs_x", spark=None)
    assert advice in refused.value.advice


def test_a_spec_is_written_as_yaml_and_read_again(tmp_path):
    spec = spark_jobs.Spec.from_dict({"source": "data/flights.csv", "target": "arr_delay", "key": ["flight"]})
    text = spec.to_yaml(tmp_path / "flights.yml")
    assert (tmp_path / "flights.yml").read_text() == text == spec.to_yaml()
    assert "target: arr_delay\n" in text
    assert spark_jobs.Spec.from_yaml(tmp_path / "flights.yml") == spec
    assert spec.key == ("flight",)


def test_a_spec_of_a_wrong_mapping_or_file_is_refused(tmp_path):
    with pytest.raises(spark_jobs.SpecError, match="`taget`"):
        spark_jobs.Spec.from_dict({"source": "a.csv", "taget": "y"})
    (tmp_path / "a.yml").write_text("source: a.csv\ntarget: y\nmodle: {}\n")
    with pytest.raises(spark_jobs.SpecError, match=r"a\.yml:3:1: modle"):
        spark_jobs.Spec.from_yaml(tmp_path / "a.yml")


def test_a_result_prints_its_summary():
    result = spark_jobs.Result(job="train", summary=("one", "  two"))
    assert str(result) == "one\n  two"


def test_the_report_is_a_file_of_the_bundle_or_none(tmp_path):
    assert spark_jobs.Result(job="plan").report is None
    assert spark_jobs.Result(job="train", bundle=str(tmp_path)).report is None
    (tmp_path / "report.html").write_text("<html>")
    assert spark_jobs.Result(job="train", bundle=str(tmp_path)).report == tmp_path / "report.html"


def test_what_is_no_bundle_is_no_model(tmp_path):
    with pytest.raises(spark_jobs.JobError, match="There is no bundle"):
        spark_jobs.load_model(tmp_path)
    with pytest.raises(spark_jobs.JobError, match="has no model"):
        spark_jobs.load_model(spark_jobs.Result(job="plan"))
    with pytest.raises(spark_jobs.JobError, match="has no model"):
        spark_jobs.Result(job="plan").load_model()


def test_a_model_that_is_not_registered_is_refused_by_its_name(tmp_path):
    env = spark_jobs.Environment(root=str(tmp_path))
    with pytest.raises(spark_jobs.JobError, match="No model 'flights' is registered"):
        spark_jobs.load_model("flights@champion", env=env)
    with pytest.raises(spark_jobs.JobError, match="'chmpion' is no alias") as refused:
        spark_jobs.load_model("flights@chmpion", env=env)
    assert refused.value.advice == "Did you mean 'champion'?"

"""Plug-ins of another distribution: found by their entry points, validated by `check`, listed by `schema`."""

from __future__ import annotations

import pytest
from plugin_distribution import ALL_TOYS, installed

from spark_jobs import plugins
from spark_jobs.cli.main import main
from spark_jobs.errors import SpecError
from spark_jobs.features import step_roles
from spark_jobs.features.choices import step_issues
from spark_jobs.jobs import schema
from spark_jobs.spec import parse
from spark_jobs.spec.mistakes import dotted

STEPS = {"categorical": "rank", "numeric": "symmetric", "steps": {"transform": "signed_log"}}


@pytest.fixture
def toys(tmp_path):
    with installed(tmp_path / "site", ALL_TOYS):
        yield


def spec_of(**keys):
    return parse({"source": "x.csv", "target": "y", **keys})


def issues(**keys):
    return [(dotted(one.path), one.text, one.hint) for one in step_issues(spec_of(**keys))]


def checked(tmp_path, text):
    (tmp_path / "x.yml").write_text(f"source: x.csv\ntarget: y\n{text}", encoding="utf-8")
    return main(["check", str(tmp_path / "x.yml")])


ASKS = """
model: {kind: poisson, params: {reg_param: 0.5}}
features:
  categorical: rank
  numeric: symmetric
  steps: {transform: signed_log}
  per_column: {a.b: {categorical: label, numeric: none, steps: {transform: none}}}
"""


def test_check_takes_registered_algorithms_and_steps_beside_the_built_in_ones(toys, tmp_path, capfd):
    assert checked(tmp_path, ASKS) == 0
    assert "Poisson regression" in capfd.readouterr().out


def test_without_the_distribution_check_names_every_key_that_it_needs(tmp_path, capsys):
    assert checked(tmp_path, ASKS) == 2
    said = capsys.readouterr().err
    for place in ("model.kind", "features.categorical", "features.numeric", "features.steps.transform"):
        assert f"{place}`" in said


def test_options_of_a_registered_algorithm_are_validated(toys, tmp_path, capsys):
    assert checked(tmp_path, "model: {kind: poisson, params: {reg_parm: 0.5}}\n") == 2
    said = capsys.readouterr().err
    assert "`reg_parm`" in said or "reg_parm`" in said
    assert "'reg_param'" in said


def test_a_misspelled_step_or_role_gets_the_nearest(toys):
    found = issues(features={"steps": {"transform": "signed_lg"}, "per_column": {"a": {"steps": {"transfrm": "none"}}}})
    assert found == [
        (
            "features.steps.transform",
            "must be one of none, signed_log. Got 'signed_lg' instead.",
            "Did you mean 'signed_log'?",
        ),
        ("features.per_column.a.steps.transfrm", "is not a known key.", "Did you mean 'transform'?"),
    ]
    assert issues(features=STEPS) == []


def test_the_schema_lists_registered_plugins_with_their_options(toys):
    made = schema.whole()["$defs"]
    assert made["Model"]["properties"]["kind"]["enum"] == [
        "auto",
        "boosted_trees", "forest", "linear", "naive_bayes", "neural_net", "poisson", "svm", "tree", "xgboost"
    ]  # fmt: skip
    assert "PoissonOptions" in made
    assert made["Features"]["properties"]["categorical"]["enum"] == [
        "auto",
        "label",
        "label_target",
        "one_hot",
        "rank",
        "target",
    ]
    assert made["Features"]["properties"]["numeric"]["enum"] == [
        "auto", "max_abs", "min_max", "none", "robust", "standard", "symmetric"
    ]  # fmt: skip
    assert made["ColumnFeatures"]["properties"]["steps"]["properties"]["transform"]["enum"] == ["none", "signed_log"]
    assert [role.key for role in step_roles()] == ["categorical", "transform", "numeric"]


def test_without_plugins_there_are_two_roles_and_no_further_step():
    assert [role.key for role in step_roles()] == ["categorical", "numeric"]
    assert schema.whole()["$defs"]["Features"]["properties"]["steps"]["properties"] == {}


@pytest.mark.parametrize(
    ("package", "name", "value", "text"),
    [
        ("models", "forest", "poisson:ALGORITHM", ""),
        ("features", "label", "rank:STEP", ""),
        ("features", "min_max", "symmetric:STEP", ""),
        ("features", "none", "signed_log:STEP", ""),
    ],
)
def test_a_registered_name_that_is_built_in_is_refused(tmp_path, capsys, package, name, value, text):
    with installed(tmp_path / "site", {package: {name: value}}):
        assert checked(tmp_path, text) == 2
    cause, advice = capsys.readouterr().err.splitlines()
    assert f"The plug-in '{name}' ({value}) of `spark_jobs.{package}` has the name of a built-in one." in cause
    assert "Rename its entry point" in advice


@pytest.mark.parametrize(
    ("package", "keys", "value", "cause"),
    [
        ("models", "model: {kind: odd}\n", "rank:STEP", "must be a declaration. Got a Encoder."),
        ("models", "model: {kind: odd}\n", "rank:NOTHING", "cannot be loaded: module 'rank' has no attribute"),
        ("features", "features: {numeric: odd}\n", "poisson:ALGORITHM", "must be a step. Got Algorithm("),
        ("features", "", "not_there:STEP", "cannot be loaded: No module named 'not_there'"),
    ],
)
def test_a_broken_plugin_is_refused_by_its_name(tmp_path, capsys, package, keys, value, cause):
    with installed(tmp_path / "site", {package: {"odd": value}}):
        assert checked(tmp_path, keys) == 2
    said = capsys.readouterr().err
    assert f"The plug-in 'odd' ({value})" in said
    assert cause in said


def test_a_refresh_finds_what_was_installed_since(tmp_path):
    assert "poisson" not in plugins.names("models", "spark_jobs.models")
    with installed(tmp_path / "site", ALL_TOYS):
        assert "poisson" in plugins.names("models", "spark_jobs.models")
    assert "poisson" not in plugins.names("models", "spark_jobs.models")
    with pytest.raises(SpecError, match="must be one of"):
        spec_of(model={"kind": "poisson"})

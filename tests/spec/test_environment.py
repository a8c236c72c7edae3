from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.errors import SpecError
from spark_jobs.spec import Environment, load_environment


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Writes conf/env/here.yml and loads it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "env").mkdir(parents=True)

    def loaded(text):
        (tmp_path / "conf" / "env" / "here.yml").write_text(text)
        return load_environment("here", Path("conf"))

    return loaded


def test_an_environment_says_where_and_how_to_run(environment):
    found = environment(
        "root: /tmp/x\nmaster: null\nmemory: 8g\n"
        "spark: {spark.sql.shuffle.partitions: 8, spark.sql.adaptive.enabled: true}\n"
    )
    assert (found.name, found.root, found.master, found.memory) == ("here", "/tmp/x", None, "8g")
    assert found.spark == {"spark.sql.shuffle.partitions": "8", "spark.sql.adaptive.enabled": "true"}


def test_the_file_beside_the_spec_comes_before_that_of_the_current_folder(environment, tmp_path):
    environment("memory: 1g\n")
    (tmp_path / "other" / "env").mkdir(parents=True)
    (tmp_path / "other" / "env" / "here.yml").write_text("memory: 2g\n")
    assert load_environment("here", Path("other")).memory == "2g"
    assert load_environment("here", Path("elsewhere")).memory == "1g"


def test_local_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_environment(None, Path()) == Environment()


@pytest.mark.parametrize("name", ["../up", "a/b", "", "x\0", "heer"])
def test_an_environment_that_is_not_there_is_refused(environment, name):
    environment("memory: 1g\n")
    if name == "":
        assert load_environment(name, Path("conf")).name == "local"
        return
    with pytest.raises(SpecError) as error:
        load_environment(name, Path("conf"))
    assert name != "heer" or error.value.advice == "Did you mean 'here'?"


@pytest.mark.parametrize(
    "key",
    [
        "spark.jars",
        "spark.jars.packages",
        "spark.plugins",
        "spark.driver.extraClassPath",
        "spark.driver.extraJavaOptions",
        "spark.executor.extraJavaOptions",
        "spark.executor.EXTRAJAVAOPTIONS",
        "spark.executor.defaultJavaOptions",
        "spark.submit.pyFiles",
        "spark.sql.extensions",
        "spark.sql.catalog.evil",
        "spark.hadoop.hadoop.security.credential.provider.path",
        "spark.driver.memoryX",
        "not.spark",
    ],
)
def test_a_setting_that_could_load_code_is_refused_by_name(environment, key):
    with pytest.raises(SpecError) as error:
        environment(f"spark: {{{key}: x}}\n")
    assert f"`{key}` may not be set here" in error.value.message


@pytest.mark.parametrize(
    "key", ["spark.sql.ansi.enabled", "spark.executor.memory", "spark.driver.memory", "spark.hadoop.fs.s3a.endpoint"]
)
def test_ordinary_settings_are_taken(environment, key):
    assert environment(f"spark: {{{key}: x}}\n").spark == {key: "x"}


@pytest.mark.parametrize("text", ["memory: lots\n", "rot: x\n", "memory: 4\n", "root: ''\n"])
def test_a_mistake_in_an_environment_names_file_and_line(environment, text):
    with pytest.raises(SpecError) as error:
        environment(text)
    assert error.value.message.startswith("`conf/env/here.yml:1:1: ")

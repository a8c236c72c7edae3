"""What a command line is refused for before Spark starts, and the job that it runs."""

from __future__ import annotations

import json

import pytest

from spark_jobs.cli.launch import launch
from spark_jobs.cli.parser import parse_arguments
from spark_jobs.errors import DataError, JobError, SpecError

SPEC = {"name": "houses", "source": "houses.csv", "target": "price"}
FRAME = {"kind": "dataframe", "table": "view"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder without data; a job that starts Spark in it fails the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("open", "open_in_background"):
        monkeypatch.setattr(f"spark_jobs.runtime.session.{name}", lambda *_: pytest.fail("Spark was started"))
    return tmp_path


@pytest.fixture
def command(here):
    """A function that runs a command line on a spec with these keys."""

    def run(verb, *words, **keys):
        (here / "spec.yml").write_text(json.dumps({**SPEC, **keys}), encoding="utf-8")
        return launch(parse_arguments([verb, "spec.yml", *words]))

    return run


@pytest.mark.parametrize("verb", ["plan", "profile", "train", "run"])
def test_a_source_that_is_not_there_is_refused(command, here, verb):
    (here / "house.csv").write_text("size,price\n1,2\n")
    with pytest.raises(DataError, match=r"There is no file or folder 'houses\.csv'") as refused:
        command(verb)
    assert refused.value.advice == "Did you mean 'house.csv'?"


@pytest.mark.parametrize("verb", ["plan", "profile", "train", "run", "stream"])
def test_a_data_frame_of_a_program_is_refused(command, verb):
    with pytest.raises(SpecError, match="is the DataFrame 'view' of a program"):
        command(verb, source=FRAME)


def test_a_model_of_a_data_frame_can_score_a_file(command):
    with pytest.raises(SpecError, match="is the DataFrame 'view'") as refused:
        command("score", source=FRAME)
    assert "`--input PATH`" in refused.value.advice
    with pytest.raises(JobError, match="No model 'houses' is registered"):
        command("score", "--input", "new.csv", source=FRAME)


def test_the_source_of_the_stream_counts_for_a_stream(command):
    with pytest.raises(JobError, match="No model 'houses' is registered"):
        command("stream", source=FRAME, stream={"source": "arriving/"})
    with pytest.raises(SpecError, match="is the DataFrame"):
        command("stream", stream={"source": FRAME})


def test_a_secret_that_is_not_set_is_refused(command, monkeypatch):
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    source = {"url": "jdbc:postgresql://db/shop", "table": "t", "user": "me", "password": "env:SHOP_PASSWORD"}
    with pytest.raises(SpecError, match="SHOP_PASSWORD"):
        command("train", source=source)


@pytest.mark.parametrize(
    ("words", "others"),
    [
        (("--input", "new.csv"), "`--input`"),
        (("--rescore",), "`--rescore`"),
        (("--input", "new.csv", "--rescore"), "`--input` or `--rescore`"),
    ],
)
def test_a_replay_takes_no_other_rows(command, words, others):
    with pytest.raises(SpecError, match=f"`--replay` cannot be combined with {others}"):
        command("score", "--replay", "abc", *words)


@pytest.mark.parametrize(
    ("verb", "words"), [("score", ()), ("stream", ()), ("promote", ()), ("export", ("--to", "to"))]
)
def test_a_job_that_needs_a_model_is_refused_without_one(command, here, verb, words):
    (here / "houses.csv").write_text("size,price\n1,2\n")
    with pytest.raises(JobError, match="No model 'houses' is registered"):
        command(verb, *words)
    assert not (here / "spark-jobs-data").exists(), "looking for a model leaves nothing behind"


def test_check_needs_no_data_and_finds_the_environment_beside_the_spec(command, here):
    (here / "env").mkdir()
    (here / "env" / "moon.yml").write_text("root: crater\n")
    result = command("check", "--env", "moon", "--set", "model.kind=forest")
    assert result.status == "done"
    assert any("moon, under" in line and "crater" in line for line in result.summary)


def test_schema_needs_no_spec():
    result = launch(parse_arguments(["schema"]))
    assert json.loads(str(result))["properties"]["target"]

"""A model trained once, and copies of its folder for the processes that are killed."""

from __future__ import annotations

import shutil

import pytest
from cli_sandbox import KEYS, MALFORMED, SCORED, TRAINING, Workplace, end_group, write_houses


@pytest.fixture(scope="session")
def trained(session, tmp_path_factory):
    """A folder with a champion, and nothing scored yet."""
    from spark_jobs.jobs import promote, train
    from spark_jobs.spec import Environment, parse

    folder = tmp_path_factory.mktemp("trained")
    source = write_houses(folder / "old.csv", range(10_000, 10_000 + TRAINING))
    spec, env = parse({"source": str(source), **KEYS}), Environment(root=str(folder / "spark-jobs-data"))
    train.run(spec, session, env)
    promote.run(spec, session, env)
    shutil.rmtree(folder / "spark-jobs-data" / "tables", ignore_errors=True)
    write_houses(folder / "new.csv", range(SCORED), MALFORMED)
    return folder


@pytest.fixture
def work(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "work")
    place = Workplace(tmp_path / "work")
    place.spec()
    yield place
    for running in place.started:
        end_group(running)

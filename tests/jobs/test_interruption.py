"""A real `spark-jobs run`, killed at its phases: run again, it ends as if it had run once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from houses import houses_file

from spark_jobs.bundle import verify_bundle

PACKAGE = Path(__file__).parents[2]
PATIENCE = 240


@dataclass(frozen=True)
class Workplace:
    """A folder with a spec, in which `spark-jobs` runs as a process group of its own."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "spark-jobs-data"

    def start(self, verb: str = "run") -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(PACKAGE)}
        command = [sys.executable, "-m", "spark_jobs", verb, "x.yml", "--json"]
        return subprocess.Popen(
            command, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def finish(self, verb: str = "run") -> dict:
        return told(self.start(verb))

    def kill_when(self, reached: Callable[[], object], victim: Callable[[subprocess.Popen], None]) -> str:
        """Starts a run and ends it as soon as something is there; what it then said on standard error."""
        running = self.start()
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert running.poll() is None, f"it ended before: {running.communicate()}"
            assert time.monotonic() < deadline, "the phase was never reached"
            time.sleep(0.005)
        victim(running)
        _, err = running.communicate(timeout=PATIENCE)
        end_group(running)
        assert running.returncode != 0
        return err

    def any(self, pattern: str) -> Callable[[], object]:
        return lambda: any(self.root.glob(pattern))

    def has_registered(self) -> bool:
        try:
            with closing(sqlite3.connect(f"file:{self.root / 'mlflow.db'}?mode=ro", uri=True)) as store:
                return bool(store.execute("SELECT count(*) FROM model_versions").fetchone()[0])
        except sqlite3.OperationalError:  # not there yet
            return False

    def statuses(self) -> list[str]:
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{self.root / 'mlflow.db'}")
        runs = client.search_runs([each.experiment_id for each in client.search_experiments()])
        return sorted(run.info.status for run in runs)

    def versions(self) -> list:
        from mlflow import MlflowClient

        store = f"sqlite:///{self.root / 'mlflow.db'}"
        return list(MlflowClient(store, store).search_model_versions("name = 'houses'"))


def told(running: subprocess.Popen) -> dict:
    out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, out + err
    return json.loads(out)


def end_group(running: subprocess.Popen) -> None:
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def driver(running: subprocess.Popen) -> None:
    os.kill(running.pid, signal.SIGKILL)


def jvm(running: subprocess.Popen) -> None:
    """Only Java dies: the driver is left with a connection to nobody."""
    listed = subprocess.run(["ps", "-o", "pid=,comm=", "-g", str(running.pid)], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        number, name = line.split()
        if name == "java":
            os.kill(int(number), signal.SIGKILL)


def interrupt(running: subprocess.Popen) -> None:
    os.kill(running.pid, signal.SIGINT)


@pytest.fixture
def work(tmp_path):
    source = houses_file(tmp_path)
    (tmp_path / "x.yml").write_text(f"source: {source.name}\ntarget: price\n")
    return Workplace(tmp_path)


def check_once(work, spark, result, expected=None):
    """The end of a run that was interrupted is that of one that was not."""
    rows = result["rows"]
    assert (rows["read"], rows["duplicates"], rows["no_target"], rows["quarantined"]) == (307, 3, 2, 2)
    assert rows["trained"] + rows["tested"] == 300
    assert rows["scored"] == 305
    assert 400 < result["metrics"]["rmse"] < 650
    if expected is not None:
        assert result["metrics"] == pytest.approx(expected, rel=1e-6)
    assert result["model"] == {"name": "houses", "version": 1, "alias": "champion"}
    assert [int(version.version) for version in work.versions()] == [1]
    statuses = work.statuses()
    assert statuses.count("FINISHED") == 1
    assert "RUNNING" not in statuses
    verify_bundle(Path(result["bundle"]))
    tables = work.root / "tables"
    scored = spark.read.format("delta").load(str(tables / "houses_predictions"))
    assert (scored.count(), scored.select("_row_id").distinct().count()) == (305, 305)
    assert spark.read.format("delta").load(str(tables / "houses_quarantine")).count() == 2
    assert not [path for path in (work.root / "runs").rglob("*") if path.is_file()]


@pytest.mark.long
@pytest.mark.batch_kills
def test_interrupted_in_one_phase_after_the_other_it_ends_as_if_it_had_run_once(work, spark, project):
    said = work.kill_when(work.any("runs/houses/*/rows/_SUCCESS"), interrupt)
    assert said == "Stopped by Ctrl-C.\n"
    work.kill_when(work.any("runs/houses/*/lesson.json"), driver)
    work.kill_when(work.has_registered, end_group)
    check_once(work, spark, work.finish(), project.result.metrics)


@pytest.mark.long
@pytest.mark.parametrize(
    "phase",
    ["mlflow.db", "runs/houses/*", "runs/houses/*/rows/_temporary", "runs/houses/*/duplicates/_SUCCESS",
     "runs/houses/*/pipeline/stages/*", "runs/houses/*/fitted.json", "tables/houses_quarantine/_delta_log/*.json",
     "artifacts/*/artifacts/*", "artifacts/models/*/artifacts/MLmodel", "bundles/houses/1",
     "tables/houses_predictions/*.parquet", "tables/houses_predictions/_delta_log/*0.json"],
)  # fmt: skip
@pytest.mark.parametrize("victim", [end_group, driver])
def test_killed_at_any_phase_it_ends_as_if_it_had_run_once(work, spark, phase, victim):
    work.kill_when(work.any(phase), victim)
    check_once(work, spark, work.finish())


@pytest.mark.long
@pytest.mark.parametrize("phase", ["runs/houses/*/rows/_temporary", "runs/houses/*/lesson.json", "bundles/houses/1"])
def test_without_its_java_it_fails_with_one_cause_and_the_next_run_ends_well(work, spark, phase):
    said = work.kill_when(work.any(phase), jvm).splitlines()
    assert len(said) == 2, said
    assert said[0].startswith("Spark's Java process is gone")
    result = work.finish()
    assert result["rows"]["scored"] == 305
    assert "RUNNING" not in work.statuses()


@pytest.mark.long
def test_two_runs_at_once_in_one_root_both_end_right(work, spark):
    both = [work.start(), work.start()]
    results = [told(running) for running in both]
    assert sorted(result["model"]["version"] for result in results) == [1, 2]
    assert work.statuses() == ["FINISHED", "FINISHED"]
    scored = spark.read.format("delta").load(str(work.root / "tables" / "houses_predictions"))
    counts = {row[0]: row[1] for row in scored.groupBy("_model_version").count().collect()}
    assert counts == {1: 305, 2: 305}
    assert spark.read.format("delta").load(str(work.root / "tables" / "ledger")).count() == 2

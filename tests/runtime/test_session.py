"""The session that jobs get, and how its work is counted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spark_jobs.errors import JobError
from spark_jobs.runtime import jars, session, settings
from spark_jobs.sources.kinds import connectors_of
from spark_jobs.spec import Environment, Spec

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

classic_only = pytest.mark.skipif("SPARK_REMOTE" in os.environ, reason="Spark Connect does not tell")


def test_the_session_writes_delta_in_universal_time(spark: SparkSession, tmp_path: Path) -> None:
    spark.range(3).write.format("delta").save(str(tmp_path / "t"))
    assert (tmp_path / "t" / "_delta_log").is_dir()
    assert spark.read.format("delta").load(str(tmp_path / "t")).count() == 3
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"


def test_workers_run_this_very_python(spark: SparkSession) -> None:
    def who(batches):
        import pyarrow as pa

        for _ in batches:
            yield pa.RecordBatch.from_pydict({"python": [sys.executable]})

    assert {row.python for row in spark.range(1).mapInArrow(who, "python string").collect()} == {sys.executable}


@classic_only
def test_jobs_of_all_threads_are_counted(spark: SparkSession) -> None:
    from concurrent.futures import ThreadPoolExecutor

    frame = spark.range(10).coalesce(1)
    with session.counting_jobs(spark) as jobs, ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: frame.collect(), range(3)))
    assert jobs.count == 3
    with session.counting_jobs(spark) as none:
        frame.select("id")
    assert none.count == 0


@classic_only
def test_the_count_agrees_with_the_status_tracker(spark: SparkSession) -> None:
    spark.sparkContext.setJobGroup("counted", "counted")
    with session.counting_jobs(spark) as jobs:
        spark.range(100).groupBy("id").count().collect()
    tracked = spark.sparkContext.statusTracker().getJobIdsForGroup("counted")
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
    assert jobs.count == len(tracked) > 0


@classic_only
def test_an_idle_session_runs_no_stage(spark: SparkSession) -> None:
    assert session.status(spark) == (0, 0, 0)


def test_every_pinned_jar_is_of_the_installed_delta_version() -> None:
    import importlib.metadata

    version = importlib.metadata.version("delta-spark")
    assert {jar.version for jar in jars.pinned() if jar.group == "io.delta"} == {version}
    assert all(len(jar.sha256) == 64 for jar in jars.pinned())


def test_a_connector_brings_sparks_own_version_and_its_jars_beside_deltas() -> None:
    import importlib.metadata

    spark = importlib.metadata.version("pyspark")
    kafka = {jar.name: jar.version for jar in jars.pinned("kafka")}
    assert kafka["spark-sql-kafka-0-10_2.13"] == kafka["spark-token-provider-kafka-0-10_2.13"] == spark
    assert jars.package("postgresql").startswith("org.postgresql:postgresql:")
    assert len({jar.file for part in (None, "kafka", "postgresql") for jar in jars.pinned(part)}) == 13


def test_only_a_spec_that_needs_a_connector_gets_one(tmp_path: Path) -> None:
    env = Environment(root=str(tmp_path), master="local[2]")
    file = {"source": "x.csv", "target": "y"}
    database = {"source": {"url": "jdbc:postgresql://db/shop", "table": "t"}, "target": "y"}
    topic = {**file, "stream": {"source": {"servers": "b:9092", "topic": "t"}}}
    assert [connectors_of(Spec.model_validate(asked)) for asked in (file, database, topic)] == [
        (),
        ("postgresql",),
        ("kafka",),
    ]
    assert "spark.jars" not in settings.settings_of(env)
    assert "postgresql" in settings.settings_of(env, ("postgresql",))["spark.jars"]


def test_a_jar_that_is_not_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def download(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        for jar in jars.pinned():
            (Path(command[-1]).parent / jar.file).write_bytes(b"not the jar")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("SPARK_JOBS_CACHE", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", download)
    with pytest.raises(JobError, match="SHA-256"):
        jars.fetch()
    assert list(tmp_path.rglob("*.jar")) == []


def test_a_machine_without_java_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(JobError, match="no java") as refused:
        jars.java()
    assert "17" in refused.value.advice


def test_a_download_that_cannot_be_had_is_one_line_and_an_advice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPARK_JOBS_CACHE", str(tmp_path))
    refused = subprocess.CompletedProcess([], 1, "ERROR: Server access error at url\n", "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    with pytest.raises(JobError, match="could not be downloaded from Maven Central: ERROR: Server access") as failure:
        jars.fetch()
    assert str(tmp_path) in failure.value.advice
    assert len(jars.missing_jars()) == len(jars.pinned())


@pytest.mark.parametrize(("master", "cores"), [("local", 1), ("local[3]", 3), ("local[2,4]", 2)])
def test_a_local_session_shuffles_into_a_partition_a_core(tmp_path: Path, master: str, cores: int) -> None:
    said = settings.settings_of(Environment(root=str(tmp_path), master=master))
    assert said["spark.sql.shuffle.partitions"] == str(cores)


def test_a_wrong_java_option_is_named_in_one_line(tmp_path: Path) -> None:
    script = (
        "import os\n"
        "from spark_jobs.runtime import session\n"
        "from spark_jobs.spec import Environment\n"
        f"env = Environment(root={str(tmp_path)!r}, memory='1k')\n"
        "try:\n"
        "    session.open(env)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "SPARK_REMOTE"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout.startswith("JobError Spark did not start: ")
    assert "heap" in done.stdout.lower(), done.stdout
    assert done.stderr == ""


def test_an_environment_says_its_own_settings(tmp_path: Path) -> None:
    env = Environment(root=str(tmp_path), master="local[2]", spark={"spark.sql.shuffle.partitions": "7"})
    told = settings.settings_of(env)
    assert told["spark.sql.shuffle.partitions"] == "7"
    assert told["spark.driver.host"] == "127.0.0.1"

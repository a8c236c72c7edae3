"""What the doctor finds, and that each finding comes with what would fix it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from machines import fake_java

from spark_jobs.errors import JobError
from spark_jobs.jobs import doctor
from spark_jobs.spec import Environment


@pytest.mark.long
@pytest.mark.end_to_end
def test_a_sound_machine_gets_a_line_for_each_check(tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if key != "SPARK_REMOTE"}
    command = [sys.executable, "-m", "spark_jobs", "doctor", "--json"]
    (tmp_path / "conf" / "env").mkdir(parents=True)
    (tmp_path / "conf" / "env" / "local.yml").write_text("root: here\nmemory: 1g\nmaster: local[1]\n")
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert next(iter(checks)) == "Python"
    assert list(checks)[-1] == "Python workers"
    assert checks["Python workers"]["found"].startswith("Python 3.")
    assert {"Java", "Delta's jars", "MLflow", "Memory", "Folder"} < set(checks)
    assert not [check for check in checks.values() if check["state"] == "bad"]


def test_all_that_is_wrong_is_named_at_once_and_spark_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "java", "11.0.2")))
    monkeypatch.setenv("SPARK_JOBS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(JobError) as refused:
        doctor.run(Environment(root=str(tmp_path / "root"), memory="900000g"))
    for part in ('Java: version "11.0.2"', "Delta's jars: 8 missing", "Memory: 900000g"):
        assert part in refused.value.message
    assert "Java 17" in refused.value.advice
    assert "-m spark_jobs.runtime.jars" in refused.value.advice
    assert "workers" not in capsys.readouterr().err
    assert not (tmp_path / "root").exists()

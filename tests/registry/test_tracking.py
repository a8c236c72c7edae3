"""The database of runs: there whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from spark_jobs.registry.tracking import Tracking, experiment_id, mlflow_client

OPEN = """
import sys
from spark_jobs.registry.tracking import Tracking, mlflow_client
mlflow_client(Tracking("sqlite", sys.argv[1]))
"""


def test_a_process_killed_while_it_makes_the_database_leaves_none_behind(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    making = subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)], env=env)
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in tmp_path.glob("*.db")):
        assert making.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    making.kill()
    making.wait()
    assert not (tmp_path / "mlflow.db").exists()
    tracking = Tracking("sqlite", str(tmp_path))
    run = mlflow_client(tracking).create_run(experiment_id(tracking, "houses"))
    assert mlflow_client(tracking).get_run(run.info.run_id).info.status == "RUNNING"
    assert [path.name for path in tmp_path.glob("*.db*")] == ["mlflow.db"]

"""The README's commands for the model in MLflow, run as they stand in a clean folder."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pytest
from houses import house, write_csv

import spark_jobs

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.split("## The same numbers everywhere")[1].split("\n## ")[0]
PROJECT = Path(__file__).parents[2]


def block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)[1]


@contextmanager
def serving(command: str, port: int, path: str) -> Iterator[None]:
    """While the block runs, the server of a command answers at the port."""
    process = subprocess.Popen(["bash", "-c", f"exec {command}"], env=environment(), start_new_session=True)
    try:
        until = time.monotonic() + 120
        while not answers(f"http://127.0.0.1:{port}{path}"):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.5)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # it has started processes of its own
        process.wait(30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def store_of_nobody(monkeypatch, tmp_path):
    """A clean folder, and MLflow as in a new process."""
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(None)
    yield
    mlflow.set_tracking_uri(None)


@pytest.mark.long
@pytest.mark.end_to_end
def test_the_commands_of_the_readme_run_in_a_clean_folder(spark, tmp_path, monkeypatch, store_of_nobody):
    for name in ("data", "conf"):
        Path(name).mkdir()
    chance = random.Random(7)
    header = ["size", "rooms", "kind", "built", "price"]
    write_csv(Path("data/flights.csv"), header, [house(chance) for _ in range(200)])
    Path("conf/flights.yml").write_text("source: data/flights.csv\ntarget: price\n")
    result = spark_jobs.run("conf/flights.yml", spark=spark)

    export, ui, serve, curl, write = block("bash").splitlines()
    printed = [line.removeprefix("  mlflow ").strip() for line in result.summary]
    assert export.replace("$PWD", str(tmp_path)) in printed
    assert ui.removesuffix(" --port 5000") in printed
    asked = {name: free_port() for name in ("5000", "5001")}
    ui, serve, curl = (re.sub("500[01]", lambda found: str(asked[found[0]]), command) for command in (ui, serve, curl))
    with monkeypatch.context() as shell:
        shell.setenv(*export.removeprefix("export ").replace("$PWD", str(tmp_path)).split("=", 1))
        with serving(ui, asked["5000"], "/health"):
            pass
        with serving(serve, asked["5001"], "/ping"):
            said = subprocess.run(["bash", "-c", curl], env=environment(), capture_output=True, check=True).stdout
        subprocess.run(["bash", "-c", write], env=environment(), check=True, timeout=120)
    assert (tmp_path / "edge" / "model.onnx").is_file()
    # The session of the tests was opened in another folder.
    lines = block("python").replace("spark_jobs.open_session()", "spark").replace('"data/', f'"{tmp_path}/data/')
    exec(lines, {"spark": spark})
    check_served(json.loads(said)["predictions"], result, spark)


def check_served(said, result, spark):
    with open("data/flights.csv", newline="") as opened:
        lines = list(csv.DictReader(opened))
    table = spark.read.format("delta").load(result.tables["flights_predictions"]).collect()
    written = {(row["size"], row["rooms"], row["kind"], str(row["built"])): row["prediction"] for row in table}
    assert len(said) == len(lines) == len(written)
    for line, one in zip(lines, said, strict=True):
        asked = (float(line["size"]), int(line["rooms"]), line["kind"], line["built"])
        assert one["prediction"] == pytest.approx(written[asked], rel=1e-12)

"""The tutorial and the notebook section of the README work: their blocks run one after the other in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(bash|python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TUTORIAL = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
INSTALLING = ("make ", "pip ")
GATE_REFUSED = 4


def commands(blocks: list[tuple[str, str]]) -> list[str]:
    lines = [line for language, code in blocks if language == "bash" for line in code.splitlines()]
    return [line for line in lines if not line.startswith(INSTALLING)]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_commands_of_the_readme_are_those_of_the_tutorial():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Three commands on your own CSV")[1].split("\n## ")[0]
    assert len(commands(BLOCK.findall(section))) == 3
    assert set(commands(BLOCK.findall(section))) <= set(commands(TUTORIAL))


@pytest.mark.long
@pytest.mark.end_to_end
def test_the_tutorial_runs_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for language, code in TUTORIAL:
        if language == "yaml":
            Path("conf/houses.yml").write_text(code, encoding="utf-8")
        elif language == "python":
            done = run(sys.executable, "-c", code)
            assert done.returncode == 0, done.stderr
        for command in commands([(language, code)]):
            done = run("bash", "-c", command)
            assert done.returncode in ((0, GATE_REFUSED) if " promote " in command else (0,)), done.stderr
    assert (tmp_path / "spark-jobs-data" / "tables" / "houses_predictions").is_dir()


@pytest.mark.long
@pytest.mark.end_to_end
def test_the_notebook_blocks_of_the_readme_run_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(7)
    distance, late = random.integers(100, 3000, 2000), random.normal(12.0, 40.0, 2000).round()
    flights = pd.DataFrame(
        {"carrier": random.choice(["UA", "B6", "DL"], 2000), "distance": distance, "dep_delay": late}
    )
    flights["arr_delay"] = (late - distance / 100 + random.normal(0.0, 15.0, 2000)).round()
    Path("data").mkdir()
    flights.to_csv("data/flights.csv", index=False)
    flights.head(20).to_csv("data/new.csv", index=False)
    flights.to_parquet("data/flights.parquet")
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## In a notebook")[1].split("\n## ")[0]
    code = "".join(block for language, block in BLOCK.findall(section) if language == "python")
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "version 1 of 'flights' is the champion" in done.stdout
    assert {table.name for table in Path("spark-jobs-data/tables").iterdir()} >= {"late_predictions"}

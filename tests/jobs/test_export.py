"""What an export holds is enough where neither this package nor Spark is."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace

import numpy as np

from spark_jobs.bundle import verify
from spark_jobs.jobs import export

ALONE = """
import json, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("spark_jobs", "pyspark", "mlflow", "pandas", "pyarrow", "onnx"):
            raise ModuleNotFoundError(f"{name} is not here", name=name)
sys.meta_path.insert(0, Blocker())
from pathlib import Path
from reader.predictor import load
rows = json.load(sys.stdin)
print(json.dumps(load(Path("."), whole=False).predict(rows)["prediction"].tolist()))
"""


def test_the_small_reader_says_of_rows_as_they_are_written_what_score_wrote(town, tmp_path):
    to = tmp_path / "edge"
    done = export.run(Namespace(conf=town.result.bundle, to=str(to), compat=False))
    assert done.status == "done"
    assert {path.name for path in to.iterdir()} == {"manifest.json", "model.onnx", "predict.py", "reader"}
    verify(to)
    columns = ["size", "rooms", "kind", "built"]
    rows = town.scored[columns].astype(object).where(town.scored[columns].notna(), None)
    asked = {name: [None if cell is None else str(cell) for cell in rows[name]] for name in columns}
    command = [sys.executable, "-B", "-c", ALONE]
    ran = subprocess.run(command, cwd=to, input=json.dumps(asked), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert np.array_equal(json.loads(ran.stdout), town.scored["prediction"])


def test_the_example_of_an_export_runs(town, tmp_path):
    export.run(Namespace(conf=town.result.bundle, to=str(tmp_path / "edge"), compat=False))
    ran = subprocess.run(
        [sys.executable, "predict.py"], cwd=tmp_path / "edge", capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert "'prediction'" in ran.stdout

"""What a notebook shows in a real Jupyter kernel: tables, one live line, and errors without tracebacks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.long, pytest.mark.end_to_end]

CELLS = {
    "session": """
        import pandas as pd, spark_jobs
        env = spark_jobs.Environment(root="store", master="local[2]", memory="1g")
        spark = spark_jobs.open_session(env)
        frame = pd.DataFrame({"length": range(200), "colour": ["red", "blue"] * 100})
        frame["price"] = 3.0 * frame["length"] + 7.0
        asked = {"source": frame, "target": "price", "graph": "skip", "env": env}
    """,
    "spec": 'spark_jobs.Spec.from_dict({"source": "houses.csv", "target": "price"})',
    "plan": "spark_jobs.make_plan(**asked)",
    "train": "spark_jobs.train(**asked)",
    "wrong target": 'spark_jobs.train(**{**asked, "target": "prise"})',
    "python's error": """
        open("a file", "w").close()
        spark_jobs.train(**{**asked, "env": spark_jobs.Environment(root="a file")})
    """,
    "spark's error": """
        broken = spark.range(100).selectExpr("id", "CAST(IF(id = 7, raise_error('row 7 is broken'), 1) AS double) AS price")
        spark_jobs.train(**{**asked, "source": broken})
    """,
    "debug": """
        %env SPARK_JOBS_DEBUG=1
        spark_jobs.train(**{**asked, "source": broken})
    """,
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The outputs of each cell by its name, after the notebook ran from the first cell to the last."""
    folder = tmp_path_factory.mktemp("notebook")
    cells = [nbformat.v4.new_code_cell(_dedented(source)) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", allow_errors=True, coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])})
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def _dedented(source: str) -> str:
    from textwrap import dedent

    return dedent(source).strip()


def test_debug(shown):
    import pprint
    pprint.pprint(shown)
    assert 0

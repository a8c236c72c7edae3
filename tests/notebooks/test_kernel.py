"""What a notebook shows in a real Jupyter kernel: tables, progress in place, and errors without tracebacks."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from pathlib import Path
from textwrap import dedent

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
    "ours": 'spark_jobs.train(**{**asked, "target": "prise"})',
    "python": """
        open("file", "w").close()
        spark_jobs.train(**{**asked, "env": spark_jobs.Environment(root="file")})
    """,
    "spark": """
        broken = spark.range(100).selectExpr("id", "IF(id = 7, raise_error('row 7 is broken'), 1.5D) AS price")
        spark_jobs.train(**{**asked, "source": broken})
    """,
    "debug": """
        %env SPARK_JOBS_DEBUG=1
        spark_jobs.train(**{**asked, "source": broken})
    """,
}


class Client(nbclient.NotebookClient):
    """A client that counts what each cell sends to the screen."""

    def __init__(self, notebook, **options):
        super().__init__(notebook, **options)
        self.sent = Counter()

    def process_message(self, message, cell, index):
        self.sent[index] += message["msg_type"] in ("stream", "display_data", "update_display_data")
        return super().process_message(message, cell, index)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The client after the notebook ran from its first cell to its last, also past errors."""
    cells = [nbformat.v4.new_code_cell(dedent(source).strip()) for source in CELLS.values()]
    where = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    made = Client(nbformat.v4.new_notebook(cells=cells), timeout=240, allow_errors=True, coalesce_streams=True,
                  kernel_name="python3", resources=where)  # fmt: skip
    made.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])})
    return made


@pytest.fixture
def shown(client):
    """The outputs that each cell has at the end, by the name of the cell."""
    return dict(zip(CELLS, (cell.outputs for cell in client.nb.cells), strict=True))


def error_of(outputs):
    (found,) = [output for output in outputs if output.output_type == "error"]
    return found


def table_of(outputs):
    (found,) = [output.data["text/html"] for output in outputs if output.output_type == "execute_result"]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def text_of(outputs, stream="stdout"):
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == stream)


def test_specs_plans_and_results_are_tables(shown):
    assert "source.path houses.csv" in table_of(shown["spec"])
    assert "colour" in table_of(shown["plan"])
    assert "model price 1 challenger" in table_of(shown["train"])


def test_the_live_line_changes_in_place_and_leaves_one_line_per_phase(client, shown):
    lines = [line for line in text_of(shown["train"]).splitlines() if line.strip()]
    phases = [re.fullmatch(r"\s*(\S.*?)\s+\d+\.\d s\s*", line)[1] for line in lines]
    assert {"fitting", "evaluating"} <= set(phases)
    assert len(phases) == len(set(phases))
    assert client.sent[list(CELLS).index("train")] > len(lines)
    assert text_of(shown["train"], "stderr") == ""


@pytest.mark.parametrize(
    ("cell", "kind", "cause", "advice"),
    [
        ("ours", "DataError", "'prise'", "'price'"),
        ("python", "JobError", "Not a directory: ", "set another `root`"),
        ("spark", "JobError", "row 7 is broken", "SPARK_JOBS_DEBUG=1"),
    ],
)
def test_an_error_is_a_line_of_cause_and_one_of_advice(shown, cell, kind, cause, advice):
    error = error_of(shown[cell])
    told = error.traceback
    assert len(told) == 2, told
    assert told[0].startswith(f"{kind}: ")
    assert cause in told[0]
    assert advice in told[1]
    assert (text_of(shown[cell]).strip(), text_of(shown[cell], "stderr")) == ("", "")


def test_the_traceback_is_shown_on_request(shown):
    told = error_of(shown["debug"]).traceback
    assert told[0] == "Traceback (most recent call last):"
    assert any("row 7 is broken" in line for line in told)
    assert len(told) > 30

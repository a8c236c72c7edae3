"""The reader as a package of its own, where spark_jobs cannot be imported."""

from __future__ import annotations

import re
import subprocess
import sys

from spark_jobs.bundle import GRAPH, Input, Manifest, carried, write
from spark_jobs.bundle.carried import carried_reader

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"{{name}} is not here", name=name)
sys.meta_path.insert(0, Blocker())
"""


def graph() -> bytes:
    from spark_jobs.ops.arithmetic import is_finite, multiply
    from spark_jobs.ops.dialect import build, number_input

    x = number_input()
    twice = multiply(x, 2.0)
    return bytes(build({"x": x}, {"prediction": twice, "valid": is_finite(twice)}).SerializeToString())


def test_the_reader_alone_reads_a_bundle_and_predicts(tmp_path):
    write(tmp_path / "bundle", Manifest((Input("x", "double", "number"),)), {GRAPH: graph()})
    package, modules = carried_reader()
    (tmp_path / package).mkdir()
    for name, text in modules.items():
        (tmp_path / package / name).write_text(text, encoding="utf-8")
    code = BLOCKED.format(names=["spark_jobs", "pyspark", "mlflow", "onnx", "spox", "pyarrow"]) + (
        f"from {package}.pyfunc import _load_pyfunc\n"
        "print(_load_pyfunc('bundle').predict({'x': ['1.5', 2]}).prediction.tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("[3.0, 4.0]\n", 0), done.stderr


def test_the_reader_is_what_it_imports_and_names_nothing_of_ours():
    package, modules = carried_reader()
    assert set(modules) == {
        *("__init__.py", "arrays.py", "errors.py", "folder.py", "manifest.py"),
        *("moments.py", "numerals.py", "patterns.py", "predictor.py", "runtime.py", "pyfunc.py", "values.py"),
    }
    for name, text in modules.items():
        assert not re.search(r"^\s*(from|import) spark_jobs\b", text, re.MULTILINE), name
        compile(text, name, "exec")
    assert package.startswith("spark_jobs_reader_")


def test_another_content_has_another_name(monkeypatch, tmp_path):
    package, modules = carried_reader()
    assert carried_reader() == (package, modules)
    reader = tmp_path / "bundle" / "pyfunc.py"
    reader.parent.mkdir()
    monkeypatch.setattr(carried, "files", lambda name: tmp_path)
    names = {package}
    for text in ("x = 1\n", "x = 2\n"):
        reader.write_text(text, encoding="utf-8")
        other, fewer = carried_reader()
        names.add(other)
        assert fewer["pyfunc.py"] == text
        assert set(fewer) == {"__init__.py", "pyfunc.py"}
    assert len(names) == 3

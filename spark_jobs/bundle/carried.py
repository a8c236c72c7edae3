"""The bundle reader as a standalone package, copied next to a model so that it runs without spark_jobs."""

from __future__ import annotations

import ast
import hashlib
import re
from importlib.resources import files

LOADER = "pyfunc"
_OURS = re.compile(r"^(\s*from) spark_jobs(?:\.bundle)?\.(\w+) import", re.MULTILINE)


def carried_reader(first: str = LOADER, package: str | None = None) -> tuple[str, dict[str, str]]:
    """Copy a module of this package and the modules that it imports.

    Args:
        first: The module in `spark_jobs.bundle`.
        package: The name of the new package. By default it contains a hash of the content, so that models of different
            versions can be loaded in one process and no installed package has the same name.

    Returns:
        The package's name, and its source files by name.
    """
    texts = _with_imports(f"bundle.{first}")
    digest = hashlib.sha256("".join(f"{name}\n{texts[name]}" for name in sorted(texts)).encode("utf-8"))
    package = package or f"spark_jobs_reader_{digest.hexdigest()[:8]}"
    modules = {
        f"{name.rpartition('.')[2]}.py": _OURS.sub(rf"\1 {package}.\2 import", text) for name, text in texts.items()
    }
    return package, {"__init__.py": '"""Reader of a model bundle, copied from spark_jobs."""\n', **modules}


def _with_imports(first: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        if name not in texts:
            texts[name] = _text(name)
            waiting += _imported(texts[name])
    return texts


def _text(name: str) -> str:
    *rooms, module = name.split(".")
    return files("spark_jobs").joinpath(*rooms, f"{module}.py").read_text(encoding="utf-8")


def _imported(text: str) -> list[str]:
    """Return the modules of spark_jobs that a source text imports, without the package's name."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    names = [node.module for node in nodes if node.module and node.module.startswith("spark_jobs.")]
    return [name.removeprefix("spark_jobs.") for name in names]

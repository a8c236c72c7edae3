"""A distribution that registers plug-ins, installed for a test."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from spark_jobs import plugins

TOYS = Path(__file__).parent / "toys"
ALL_TOYS = {
    "models": {"poisson": "poisson:ALGORITHM"},
    "features": {"rank": "rank:STEP", "symmetric": "symmetric:STEP", "signed_log": "signed_log:STEP"},
}


@contextmanager
def installed(folder: Path, entries: Mapping[str, Mapping[str, str]], **modules: str) -> Iterator[None]:
    """Install a distribution in a folder: plug-ins by package and name, and the text of modules beside the toys."""
    shutil.copytree(TOYS, folder, dirs_exist_ok=True)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    about = folder / "toy-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n", encoding="utf-8")
    groups = [
        "\n".join([f"[spark_jobs.{package}]", *(f"{name} = {value}" for name, value in named.items())])
        for package, named in entries.items()
    ]
    (about / "entry_points.txt").write_text("\n".join(groups) + "\n", encoding="utf-8")
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    plugins.refresh()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        plugins.refresh()
        own = {file.stem for file in folder.glob("*.py")}
        for name in own & (set(sys.modules) - before):
            del sys.modules[name]

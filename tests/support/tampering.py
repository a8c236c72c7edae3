"""Saved pipelines, changed by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet


def copied(pipeline: Path, to: Path) -> Path:
    """A copy, without the checksums that Hadoop would compare."""
    shutil.copytree(pipeline, to, ignore=shutil.ignore_patterns("*.crc"))
    return to


def stages(pipeline: Path) -> list[Path]:
    return sorted((pipeline / "stages").iterdir(), key=lambda one: int(one.name.partition("_")[0]))


def stage_of(pipeline: Path, kind: str) -> Path:
    """The first stage of that class."""
    return next(one for one in stages(pipeline) if metadata(one)["class"].endswith(f".{kind}"))


def metadata(stage: Path) -> dict[str, Any]:
    return dict(json.loads(next((stage / "metadata").glob("part-*")).read_text(encoding="utf-8")))


def change(stage: Path, edit: Callable[[dict[str, Any]], Any]) -> str:
    """Change what a stage says of itself; its name is handed back."""
    file = next((stage / "metadata").glob("part-*"))
    found = json.loads(file.read_text(encoding="utf-8"))
    edit(found)
    file.write_text(json.dumps(found) + "\n", encoding="utf-8")
    return stage.name


def set_param(stage: Path, **params: Any) -> str:
    return change(stage, lambda found: found["paramMap"].update(params))


def change_rows(stage: Path, edit: Callable[[list[dict[str, Any]]], Any], name: str = "data") -> str:
    """Change the fitted numbers of a stage."""
    file = next((stage / name).glob("*.parquet"))
    table = parquet.ParquetFile(file).read()
    rows = table.to_pylist()
    edit(rows)
    parquet.write_table(pa.Table.from_pylist(rows, table.schema), file)
    return stage.name

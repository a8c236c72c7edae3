"""The main job on every spec of benchmarks/conf/ and the flights: seconds and metrics, as a Markdown table."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SHOWN = ("rmse", "mae", "r2", "roc_auc", "accuracy", "f1", "log_loss")


def run(specs: list[Path]) -> None:
    """Run each once and print the table."""
    print("| data | rows | seconds | " + " | ".join(SHOWN) + " |")
    print("|---|" + "---|" * (2 + len(SHOWN)))
    for spec in specs:
        print(_line(spec, _once(spec)), flush=True)


def _once(spec: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as root:
        command = [sys.executable, "-m", "benchmarks.ours", str(spec), root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (IndexError, ValueError):
        return {"status": "failed", "error": {"message": (done.stderr.strip().splitlines() or ["?"])[-1]}}


def _line(spec: Path, said: dict[str, Any]) -> str:
    if said["status"] != "done":
        return f"| {spec.stem} | {said['status']}: {said['error']['message'].splitlines()[0]} |"
    metrics = said.get("metrics", {})
    shown = " | ".join(f"{metrics[name]:.4g}" if name in metrics else "" for name in SHOWN)
    rows, seconds = said.get("rows", {}).get("read", ""), said["seconds"]["total"]
    return f"| {spec.stem} | {rows} | {seconds:.0f} | {shown} |"

"""The folder of a training's staged rows and fitted pipeline, which an interrupted training leaves to the next one."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path


def create_run_folder(root: str, name: str, key: str) -> Path:
    """Create the folder of a training, or return the one that an interrupted training of the same key left.

    Args:
        root: The root folder of the environment.
        name: The name of the use case.
        key: The training's `run_key`.
    """
    folder = Path(root).resolve() / "runs" / name / key
    for _ in range(3):  # another training may remove `runs` at the same time
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True)
            break
    return folder


def remove_run_folder(folder: Path) -> None:
    """Remove the folder of a completed training, and `runs/NAME` and `runs` if they are empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # not empty: another interrupted training may be resumed
        folder.parent.rmdir()
        folder.parent.parent.rmdir()

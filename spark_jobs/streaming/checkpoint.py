"""A stream's folder: where Spark remembers its place, and what must not change while it does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from spark_jobs.errors import JobError, SpecError
from spark_jobs.tables.atomic_write import atomic_write

_KEPT: Final = 100


@dataclass(frozen=True)
class Checkpoint:
    """The folder of one stream, on this machine."""

    folder: Path

    @property
    def query_id(self) -> str | None:
        """The id that Spark gave the stream when it first began; None before that."""
        metadata = self.folder / "metadata"
        return str(json.loads(metadata.read_text())["id"]) if metadata.is_file() else None

    @property
    def last_planned(self) -> int | None:
        """The number of the last micro-batch that was planned."""
        return _last(self.folder / "offsets")

    @property
    def last_committed(self) -> int | None:
        """The number of the last micro-batch that is done."""
        return _last(self.folder / "commits")

    def start_offsets(self, batch: int) -> dict[int, int]:
        """By partition of a topic, the offset at which a micro-batch begins; none before the first was planned."""
        topics = self._planned(batch - 1)
        return {int(partition): offset for ends in topics.values() for partition, offset in ends.items()}

    def files(self, batch: int) -> list[str]:
        """The files of a micro-batch by name, the empty ones too: Spark counts them as seen and leaves them out."""
        before, last = (self._planned(number).get("logOffset", -1) for number in (batch - 1, batch))
        log, entries = self.folder / "sources" / "0", range(before + 1, last + 1)
        found = {place for entry in entries for place in _listed(log, entry)}
        return sorted(unquote(place.removeprefix("file://")) for place in found)

    def _planned(self, batch: int) -> dict[str, Any]:
        """How far the source has come with a micro-batch, in the source's own words; nothing if it was not planned."""
        planned = self.folder / "offsets" / str(batch)
        if not planned.is_file():
            return {}
        said: dict[str, Any] = json.loads(planned.read_text(encoding="utf-8").splitlines()[-1])
        return said

    def load_or_compute(self, name: str, found: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """What was found when the stream was first started with this folder, however often it is started since."""
        place = self.folder / "spark_jobs" / f"{name}.json"
        if self.last_planned is None:
            place.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(place, json.dumps(found()))
        kept: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
        return kept

    def check_compatible(self, fixed: Mapping[str, Any], free: Mapping[str, Any]) -> None:
        """Remembers what the stream was asked, or compares it with what it was asked before.

        `fixed` must stay as it is for as long as the folder is used; `free` may change between two micro-batches.

        Raises:
            SpecError: something differs that may not.
        """
        place = self.folder / "spark_jobs" / "asked.json"
        asked = json.loads(json.dumps({"fixed": fixed, "free": free}, default=str))
        if place.is_file() and self.query_id is not None:
            before = json.loads(place.read_text(encoding="utf-8"))
            self._compare(before, asked)
        place.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(place, json.dumps(asked, indent=1, ensure_ascii=False))

    def _compare(self, before: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
        changed = [key for key in asked["fixed"] if asked["fixed"][key] != before["fixed"].get(key)]
        if changed:
            raise SpecError(
                f"The stream's checkpoint {self.folder} was made with another `{'`, `'.join(changed)}`.",
                "Undo the change, or begin anew with another `stream.checkpoint`.",
            )
        changed = [key for key in asked["free"] if asked["free"][key] != before["free"].get(key)]
        if changed and self.last_planned != self.last_committed:
            raise SpecError(
                f"Micro-batch {self.last_planned} was cut off, and `{'`, `'.join(changed)}` changed since.",
                "Undo the change and let the stream finish it (`--set stream.trigger=once`), then change it.",
            )

    def pin_version(self, batch: int, newest: Callable[[], int]) -> int:
        """The model's version for a micro-batch: the newest, or that which it was begun with and cut off."""
        place = self.folder / "spark_jobs" / "versions" / str(batch)
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(place, str(newest()))
            (place.parent / str(batch - _KEPT)).unlink(missing_ok=True)
        return int(place.read_text())


def checkpoint_of(said: str | None, root: str, name: str) -> Checkpoint:
    """The folder that the spec says, or the usual one.

    Raises:
        JobError: it is not on this machine.
    """
    place = said or f"{root.rstrip('/')}/checkpoints/{name}"
    if "://" in place.removeprefix("file://") or place.startswith("dbfs:"):
        raise JobError(
            f"A stream's checkpoint must be a folder of this machine. Got '{place}'.",
            "Set `stream.checkpoint` to a path without a scheme.",
        )
    return Checkpoint(Path(place.removeprefix("file://")).absolute())


def _listed(log: Path, entry: int) -> list[str]:
    """The files of one entry of the source's log, of which Spark now and then puts all so far into one file."""
    gathered = sorted(number for file in log.glob("*.compact") if (number := int(file.stem)) >= entry)
    place = log / str(entry)
    place = place if place.is_file() or not gathered else log / f"{gathered[0]}.compact"
    lines = place.read_text(encoding="utf-8").splitlines()[1:]
    return [file["path"] for file in map(json.loads, lines) if file["batchId"] == entry]


def _last(folder: Path) -> int | None:
    numbers = [int(file.name) for file in folder.glob("*") if file.name.isdigit()] if folder.is_dir() else []
    return max(numbers, default=None)

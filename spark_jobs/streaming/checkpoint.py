"""The checkpoint folder of a stream: Spark's offsets, and the settings that must not change while they are used."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from spark_jobs.checks import parse_checks
from spark_jobs.errors import JobError, SpecError
from spark_jobs.spec import Source, Spec
from spark_jobs.tables.atomic_write import atomic_write

_KEPT: Final = 100


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint folder of one stream, on this machine."""

    folder: Path

    @property
    def query_id(self) -> str | None:
        """Return the id that Spark gave the stream at its first start; None before that."""
        metadata = self.folder / "metadata"
        return str(json.loads(metadata.read_text())["id"]) if metadata.is_file() else None

    @property
    def last_planned(self) -> int | None:
        """Return the number of the last planned micro-batch; None if there is none."""
        return _last(self.folder / "offsets")

    @property
    def last_committed(self) -> int | None:
        """Return the number of the last committed micro-batch; None if there is none."""
        return _last(self.folder / "commits")

    def start_offsets(self, batch: int) -> dict[int, int]:
        """Return the offset at which a micro-batch begins, by partition of a topic; empty for the first one."""
        topics = self._planned(batch - 1)
        return {int(partition): offset for ends in topics.values() for partition, offset in ends.items()}

    def files(self, batch: int) -> list[str]:
        """Return the names of a micro-batch's files, sorted.

        Empty files are included: Spark logs them as seen, but delivers no row of them.
        """
        before, last = (self._planned(number).get("logOffset", -1) for number in (batch - 1, batch))
        log, entries = self.folder / "sources" / "0", range(before + 1, last + 1)
        found = {place for entry in entries for place in _listed(log, entry)}
        return sorted(unquote(place.removeprefix("file://")) for place in found)

    def _planned(self, batch: int) -> dict[str, Any]:
        """Return the source's offsets at the end of a micro-batch, in its own format; empty if it was not planned."""
        planned = self.folder / "offsets" / str(batch)
        if not planned.is_file():
            return {}
        said: dict[str, Any] = json.loads(planned.read_text(encoding="utf-8").splitlines()[-1])
        return said

    def load_or_compute(self, name: str, found: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Return a value that is computed and stored at the first start of the stream with this folder.

        Args:
            name: the name of the value, which becomes its file name.
        """
        place = self.folder / "spark_jobs" / f"{name}.json"
        if self.last_planned is None:
            place.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(place, json.dumps(found()))
        kept: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
        return kept

    def check_compatible(self, fixed: Mapping[str, Any], free: Mapping[str, Any]) -> None:
        """Compare the stream's settings with those of its last start, and store them.

        Args:
            fixed: settings that must not change as long as the folder is used.
            free: settings that may change between two micro-batches, but not while one is unfinished.

        Raises:
            SpecError: a setting changed that must not.
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
                f"The stream's checkpoint {self.folder} was created with another `{'`, `'.join(changed)}`.",
                "Undo the change, or start a new stream with another `stream.checkpoint`.",
            )
        changed = [key for key in asked["free"] if asked["free"][key] != before["free"].get(key)]
        if changed and self.last_planned != self.last_committed:
            raise SpecError(
                f"Micro-batch {self.last_planned} is unfinished, and `{'`, `'.join(changed)}` changed since it began.",
                "Undo the change, finish the micro-batch with `--set stream.trigger=once`, then change it again.",
            )

    def pin_version(self, batch: int, newest: Callable[[], int]) -> int:
        """Return the model version of a micro-batch: the one it began with if it was interrupted, else the newest."""
        place = self.folder / "spark_jobs" / "versions" / str(batch)
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(place, str(newest()))
            (place.parent / str(batch - _KEPT)).unlink(missing_ok=True)
        return int(place.read_text())


def checkpoint_of(said: str | None, root: str, name: str) -> Checkpoint:
    """Return the checkpoint at `stream.checkpoint`, or at `checkpoints/NAME` under the root.

    Raises:
        JobError: the folder is not on this machine.
    """
    place = said or f"{root.rstrip('/')}/checkpoints/{name}"
    if "://" in place.removeprefix("file://") or place.startswith("dbfs:"):
        raise JobError(
            f"A stream's checkpoint must be a folder of this machine. Got '{place}'.",
            "Set `stream.checkpoint` to a path without a scheme.",
        )
    return Checkpoint(Path(place.removeprefix("file://")).absolute())


def checked_settings(spec: Spec, source: Source) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the settings of a stream that `Checkpoint.check_compatible` compares: fixed ones and free ones."""
    said = spec.model_dump(mode="json", by_alias=True)
    checks = [check.model_dump(mode="json", by_alias=True) for check in parse_checks(spec.checks)]
    fixed = {
        "source": source.model_dump(mode="json", exclude_none=True),
        "target": spec.target,
        "key": spec.key,
        "predictions": said["predictions"],
        "track.register": spec.track.register_as or spec.name,
    }
    return fixed, {"checks": checks, "changes": said["changes"]}


def _listed(log: Path, entry: int) -> list[str]:
    """Return the files of one entry of the source's log, which Spark compacts from time to time."""
    gathered = sorted(number for file in log.glob("*.compact") if (number := int(file.stem)) >= entry)
    place = log / str(entry)
    place = place if place.is_file() or not gathered else log / f"{gathered[0]}.compact"
    lines = place.read_text(encoding="utf-8").splitlines()[1:]
    return [file["path"] for file in map(json.loads, lines) if file["batchId"] == entry]


def _last(folder: Path) -> int | None:
    numbers = [int(file.name) for file in folder.glob("*") if file.name.isdigit()] if folder.is_dir() else []
    return max(numbers, default=None)

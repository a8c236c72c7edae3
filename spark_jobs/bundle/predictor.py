"""What a bundle says of rows: its graph, run by ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import onnxruntime

from spark_jobs.bundle.arrays import Array, Arrays, arrays
from spark_jobs.bundle.folder import load_manifest, read, verify
from spark_jobs.bundle.manifest import GRAPH, KEPT_CLOCK, Manifest
from spark_jobs.bundle.moments import Zones, zone_in, zone_of
from spark_jobs.bundle.runtime import run, session_of
from spark_jobs.errors import JobError


@dataclass(frozen=True)
class Predictor:
    """A loaded bundle. It can be asked by several threads at once."""

    manifest: Manifest
    session: onnxruntime.InferenceSession
    zone: tzinfo

    def predict(self, columns: Any) -> dict[str, Array]:
        """What the model says of rows, an array a name.

        `columns` and errors are those of `arrays`. Returns `prediction` `[N]` (a double, or the label as text); for
        classes `probabilities` `[N, K]` in the order of the manifest's labels, or an SVM's `margin`, `[N]` for two
        classes and `[N, K]` for more; `valid` `[N]`, whether what is said are finite numbers.
        """
        return self.run(self.arrays(columns))

    def arrays(self, columns: Any, wall: tzinfo | None = None) -> Arrays:
        """What the graph takes of rows; a datetime without a zone is wall time in `wall`, by default the bundle's."""
        return arrays(columns, self.manifest, Zones.of(self.zone, wall))

    def run(self, given: Arrays) -> dict[str, Array]:
        """What the model says of arrays that were read already."""
        return run(self.session, given.feed)


def load(folder: Path, *, whole: bool = True) -> Predictor:
    """A bundle's model, ready to predict.

    Every file is checked; where other files lie beside those of the bundle (`whole=False`), the ones that are read.

    Raises:
        JobError: a file is not the one that was written; there is no graph; ONNX Runtime cannot run it.
    """
    manifest = verify(folder) if whole else load_manifest(folder)
    if GRAPH not in manifest.sha256:
        raise JobError(f"The bundle {folder} has no {GRAPH}: it was trained with `graph: skip`.", "Train without it.")
    kept = read(folder, manifest, KEPT_CLOCK) if KEPT_CLOCK in manifest.sha256 else None
    zone = zone_of(manifest.timezone) if kept is None else zone_in(kept.decode("utf-8"))
    return Predictor(manifest, _session(folder, read(folder, manifest, GRAPH)), zone)


def _session(folder: Path, graph: bytes) -> onnxruntime.InferenceSession:
    try:
        return session_of(graph)
    except Exception as error:  # ONNX Runtime's errors have no common class
        cause = str(error).strip().splitlines()[0]
        raise JobError(
            f"ONNX Runtime {onnxruntime.__version__} cannot run the graph of {folder}: {cause}",
            "Install the version that requirements.txt names, or `spark-jobs export --compat`.",
        ) from error

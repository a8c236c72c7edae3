"""Prediction with a bundle: its graph, run by ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import onnxruntime

from spark_jobs.bundle.arrays import Array, Arrays, arrays
from spark_jobs.bundle.folder import load_manifest, read_verified, verify_bundle
from spark_jobs.bundle.manifest import GRAPH, KEPT_CLOCK, Manifest
from spark_jobs.bundle.moments import Zones, zone_in, zone_of
from spark_jobs.bundle.runtime import inference_session, run_graph
from spark_jobs.errors import JobError


@dataclass(frozen=True)
class Predictor:
    """A loaded bundle, which several threads can use at once."""

    manifest: Manifest
    session: onnxruntime.InferenceSession
    zone: tzinfo

    def predict(self, columns: Any) -> dict[str, Array]:
        """Return the model's predictions for N rows.

        Args:
            columns: Values by column name: a mapping to lists or arrays, or a pandas DataFrame.

        Returns:
            Arrays by name. `prediction` `[N]`: a double, or the label as text. For K classes `probabilities` `[N, K]`
            in the order of the manifest's labels, or an SVM's `margin`: `[N]` for two classes, else `[N, K]`. `valid`
            `[N]`: whether all outputs of the row are finite.

        Raises:
            DataError: A used column is missing or malformed; see `arrays`.
        """
        return self.run(self.arrays(columns))

    def arrays(self, columns: Any, wall: tzinfo | None = None) -> Arrays:
        """Convert rows to the graph's tensors; naive datetimes are local times in `wall` (default: the bundle's)."""
        return arrays(columns, self.manifest, Zones.of(self.zone, wall))

    def run(self, given: Arrays) -> dict[str, Array]:
        """Return the model's predictions for tensors that `arrays` returned."""
        return run_graph(self.session, given.feed)


def load(folder: Path, *, whole: bool = True) -> Predictor:
    """Load a bundle's model.

    Args:
        whole: Verify every file, and refuse unexpected ones. If false, verify only the files that are read, for folders
            that contain other files as well.

    Raises:
        JobError: A file was changed, there is no graph, or ONNX Runtime cannot run it.
    """
    manifest = verify_bundle(folder) if whole else load_manifest(folder)
    if GRAPH not in manifest.sha256:
        raise JobError(
            f"The bundle {folder} has no {GRAPH}: it was trained with `graph: skip`.",
            "Remove that key and train again.",
        )
    kept = read_verified(folder, manifest, KEPT_CLOCK) if KEPT_CLOCK in manifest.sha256 else None
    zone = zone_of(manifest.timezone) if kept is None else zone_in(kept.decode("utf-8"))
    return Predictor(manifest, _session(folder, read_verified(folder, manifest, GRAPH)), zone)


def _session(folder: Path, graph: bytes) -> onnxruntime.InferenceSession:
    try:
        return inference_session(graph)
    except Exception as error:  # ONNX Runtime's errors have no common class
        cause = str(error).strip().splitlines()[0]
        raise JobError(
            f"ONNX Runtime {onnxruntime.__version__} cannot run the graph of {folder}: {cause}",
            "Install the version that requirements.txt names, or use `spark-jobs export --compat`.",
        ) from error

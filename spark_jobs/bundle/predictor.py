"""What a bundle says of rows: its graph, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from spark_jobs.bundle.arrays import Array, Arrays, arrays
from spark_jobs.bundle.folder import load_manifest, read, verify
from spark_jobs.bundle.manifest import CLOCK, GRAPH, Manifest
from spark_jobs.bundle.moments import Zones, zone_in, zone_of
from spark_jobs.errors import JobError

ROWS_AT_ONCE = 1024  # what the graph makes of them stays in the processor's cache


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
        starts = range(0, given.rows, ROWS_AT_ONCE)
        parts = [self._part({name: all_[at : at + ROWS_AT_ONCE] for name, all_ in given.feed.items()}) for at in starts]
        if not parts:
            nothing = self.arrays({one.name: [None] for one in self.manifest.inputs})
            return {name: said[:0] for name, said in self._part(nothing.feed).items()}
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts[1:] else parts[0]

    def _part(self, feed: Mapping[str, Array]) -> dict[str, Array]:
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, dict(feed)), strict=True))


def load(folder: Path, *, whole: bool = True) -> Predictor:
    """A bundle's model, ready to predict.

    Every file is checked; where other files lie beside those of the bundle (`whole=False`), the ones that are read.

    Raises:
        JobError: a file is not the one that was written; there is no graph; ONNX Runtime cannot run it.
    """
    manifest = verify(folder) if whole else load_manifest(folder)
    if GRAPH not in manifest.sha256:
        raise JobError(f"The bundle {folder} has no {GRAPH}: it was trained with `graph: skip`.", "Train without it.")
    kept = read(folder, manifest, CLOCK) if CLOCK in manifest.sha256 else None
    zone = zone_of(manifest.timezone) if kept is None else zone_in(kept.decode("utf-8"))
    return Predictor(manifest, _session(folder, read(folder, manifest, GRAPH)), zone)


def _session(folder: Path, graph: bytes) -> onnxruntime.InferenceSession:
    """A session of one thread: servers and Spark run a process a core, and scoring in Spark counts in one, too."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common class
        cause = str(error).strip().splitlines()[0]
        raise JobError(
            f"ONNX Runtime {onnxruntime.__version__} cannot run the graph of {folder}: {cause}",
            "Install the version that requirements.txt names, or `spark-jobs export --compat`.",
        ) from error

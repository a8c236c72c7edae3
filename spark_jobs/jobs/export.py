"""export: write a model's ONNX graph, manifest, reader and an example, for any ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

from spark_jobs import progress
from spark_jobs.bundle import NAME
from spark_jobs.graph.export import EXAMPLE, READER, export_graph
from spark_jobs.results.result import Result


def run(bundle: Path, to: Path, compat: bool = False) -> Result:
    """Write the graph of a bundle to a folder; `compat` writes one for runtimes that lack ai.onnx.ml 5.

    Raises:
        JobError: The bundle is corrupt or has no graph.
        SpecError: The target folder exists and is not an earlier export.
    """
    made = export_graph(bundle, to, compat)
    kind = "for older runtimes (ai.onnx 17, ai.onnx.ml 3)" if compat else "as verified in training"
    return Result(
        job="export",
        bundle=str(bundle),
        seconds=progress.seconds(),
        summary=(
            f"{made.name}: exported the graph {kind} to {to}.",
            f"  reads     {made.inputs} columns, named and typed in {to / NAME}",
            f"  example   cd {to} && python {EXAMPLE}    (needs only onnxruntime and numpy)",
            f"  reader    `{READER}.predictor.load(folder, whole=False).predict(columns)` accepts raw values",
        ),
    )

"""Export of a bundle's graph: the graph, its manifest, a reader and an example, for any ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from spark_jobs import progress
from spark_jobs.bundle import GRAPH, KEPT_CLOCK, NAME, Manifest, verify_bundle, write
from spark_jobs.bundle.carried import carried_reader
from spark_jobs.errors import JobError, SpecError
from spark_jobs.graph.adversarial import typical_row
from spark_jobs.graph.compile import compile_graph
from spark_jobs.graph.equivalence import check_same
from spark_jobs.ops.dialect import legacy_opset
from spark_jobs.plan import Plan

EXAMPLE = "predict.py"
READER = "reader"
_PROGRAM = '''\
"""Predictions of {name}, with nothing but onnxruntime and numpy."""
import json
import numpy as np
import onnxruntime as ort

manifest = json.load(open("{manifest}", encoding="utf-8"))
rows = [{row}]

def column(name, kind):
    missing = manifest["null_sentinel"] if kind == "string" else float("nan")
    values = [missing if row.get(name) is None else row[name] for row in rows]
    return np.array(values, dtype=object if kind == "string" else np.float64)

session = ort.InferenceSession("{graph}")
answers = session.run(None, {{one["name"]: column(one["name"], one["type"]) for one in manifest["inputs"]}})
print({{output.name: answer.tolist() for output, answer in zip(session.get_outputs(), answers)}})
'''


@dataclass(frozen=True)
class Export:
    """An export: the folder, the name of the model and the number of columns that the graph reads."""

    folder: Path
    name: str
    inputs: int


def export_graph(bundle: Path, to: Path, compat: bool = False) -> Export:
    """Write the graph of a bundle to a folder, with what is needed to run it.

    Args:
        bundle: The folder of the bundle.
        to: The folder to write; an earlier export there is replaced.
        compat: Write a graph for runtimes that lack ai.onnx.ml 5.

    Raises:
        JobError: The bundle is corrupt or has no graph.
        SpecError: The target folder exists and is not an earlier export.
    """
    _check_free(to)
    with progress.phase("exporting"):
        manifest, plan = _read(bundle)
        graph = _older(plan, bundle, manifest) if compat else (bundle / GRAPH).read_bytes()
        files: dict[str, str | bytes | Path] = {GRAPH: graph, EXAMPLE: example_program(plan), **_reader()}
        if KEPT_CLOCK in manifest.sha256:
            files[KEPT_CLOCK] = bundle / KEPT_CLOCK
        write(to, replace(manifest, sha256={}), files)
    return Export(to, plan.name, len(manifest.inputs))


def example_program(plan: Plan) -> str:
    """Return the source of a small program that runs the graph on one typical row."""
    return _PROGRAM.format(name=plan.name, manifest=NAME, graph=GRAPH, row=typical_row(plan))


def _reader() -> dict[str, str]:
    """Return the reader's files, which convert raw rows to the graph's tensors and run it."""
    _, modules = carried_reader("predictor", READER)
    return {f"{READER}/{name}": text for name, text in modules.items()}


def _check_free(to: Path) -> None:
    if to.exists() and not (to.is_dir() and _is_export(to)):
        raise SpecError(f"`--to`: {to} already exists and is not an export.", "Name a new folder.")


def _is_export(folder: Path) -> bool:
    """Return whether a folder is empty or contains only an earlier export, which is replaced as a whole."""
    there = {path.name for path in folder.iterdir()}
    return not there or ({NAME, GRAPH, EXAMPLE} <= there <= {NAME, GRAPH, EXAMPLE, READER, Path(KEPT_CLOCK).parts[0]})


def _read(bundle: Path) -> tuple[Manifest, Plan]:
    manifest = verify_bundle(bundle)
    if GRAPH not in manifest.sha256:
        raise JobError(
            f"The bundle {bundle} has no graph: it was trained with `graph: skip`.", "Remove that key and train again."
        )
    return manifest, Plan.from_json((bundle / "plan.json").read_text(encoding="utf-8"))


def _older(plan: Plan, bundle: Path, manifest: Manifest) -> bytes:
    """Return the graph in operators of older opsets, compared with the verified graph."""
    with legacy_opset():
        made = compile_graph(plan, bundle / "pipeline", manifest.null_sentinel)
    graph = bytes(made.SerializeToString())
    check_same((bundle / GRAPH).read_bytes(), graph, plan, bundle / "pipeline", manifest.null_sentinel)
    return graph

"""Publishing of a finished training: its report, its bundle, its MLflow run and its registered version."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from spark_jobs import progress
from spark_jobs.bundle import GRAPH, Input, Manifest, write
from spark_jobs.bundle.patterns import number_regex
from spark_jobs.columns.types import ColumnType
from spark_jobs.error_translation import optional
from spark_jobs.formatting import format_metrics
from spark_jobs.graph.verification import VerificationResult
from spark_jobs.models import find
from spark_jobs.plan import Plan
from spark_jobs.registry.artifacts import TrainingArtifacts
from spark_jobs.registry.gate import Comparison
from spark_jobs.registry.input_example import example_row
from spark_jobs.registry.lineage import Lineage
from spark_jobs.registry.log import TrainingLog, log_training
from spark_jobs.registry.mlmodel import ColumnKind, OutputKind, Signature, versions
from spark_jobs.registry.runs import Run, current_user
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.report import Figures, ReportContext, write_figures, write_report
from spark_jobs.spec import dump

_NUMBER = re.compile(number_regex())
_DIGITS = re.compile("0|-?[1-9][0-9]*")
_KINDS: Mapping[str, ColumnKind] = {
    "number": "double",
    "boolean": "boolean",
    "date": "datetime",
    "timestamp": "datetime",
    "text": "string",
}


def publish_training(
    done: TrainingArtifacts,
    source: DataFrame,
    folder: Path,
    tracking: Tracking,
    run: Run,
    prove: Callable[[], VerificationResult | None],
) -> ModelVersion:
    """Write the report and the bundle below `folder`, log them, and register the pipeline saved there as challenger.

    While `prove` waits for Spark, a thread draws the figures and reads the input example from `source`.

    Args:
        folder: The folder with the saved `pipeline/`.
        prove: Returns the verification of the ONNX graph, or None if there is no graph.

    Raises:
        JobError: The graph does not match the pipeline; the model is logged but not registered.
    """
    no_example: list[object] = []
    with ThreadPoolExecutor(1, "drawing") as pool:
        drawn = pool.submit(_drawn, done, folder / "report", run)
        example = pool.submit(optional, "The input example", lambda: example_row(source, done.plan), no_example)
        done = replace(done, proven=prove(), example=example.result())
    draft, report = folder / "bundle", partial(_reported, done, folder / "report", run, drawn.result())
    with progress.phase("writing the bundle"):
        write(draft, _manifest(done), _files(done, folder))
    with progress.phase("logging to MLflow"):
        return log_training(tracking, run, _training(done, draft, folder / "report", report))


def _drawn(done: TrainingArtifacts, folder: Path, run: Run) -> Figures:
    return optional("Every figure of the report", lambda: write_figures(folder, _context(done, run)), {})


def _reported(
    done: TrainingArtifacts, folder: Path, run: Run, drawn: Figures, version: ModelVersion | None
) -> Path | None:
    """Write the report and return its path; None on failure, which must not lose a model."""
    return optional("The report", lambda: write_report(folder, _context(done, run, version), drawn), None)


def _context(done: TrainingArtifacts, run: Run, version: ModelVersion | None = None) -> ReportContext:
    return ReportContext(
        name=done.spec.name,
        task=done.plan.problem.task,
        target=done.spec.target,
        positive=done.plan.problem.positive,
        plan=done.plan,
        profile=done.profile,
        evaluation=done.evaluation,
        importances=done.importances,
        rows=done.rows,
        cells=done.cells,
        class_rows=done.class_rows,
        seconds=progress.seconds(),
        versions=versions(),
        lineage=_lineage(done, run),
        held_out=done.proven.held_out if done.proven is not None else None,
        version=str(version.version) if version is not None else "",
        alias="challenger" if version is not None else "",
        user=current_user(),
        trained_at=datetime.now(UTC),
        search=done.search,
    )


def _lineage(done: TrainingArtifacts, run: Run) -> dict[str, str]:
    proof = "skipped" if done.proven is None else str(done.proven.parity)
    facts = {"run": run.run_id, "source": done.reading.location, "fingerprint": done.fingerprint}
    return facts | {"graph against pipeline": proof}


def _files(done: TrainingArtifacts, folder: Path) -> dict[str, Any]:
    graph = {} if done.proven is None else {GRAPH: done.proven.graph}
    return graph | {
        "plan.json": done.plan.to_json(),
        "profile.json": done.profile.to_json(),
        "importances.json": json.dumps(done.importances),
        "spec.yml": dump(done.spec),
        "pipeline": folder / "pipeline",
    }


def _manifest(done: TrainingArtifacts) -> Manifest:
    inputs = tuple(_input(done.plan, done.plan.type_of(name)) for name in done.plan.used)
    data = {
        "source": done.reading.location,
        "fingerprint": done.fingerprint,
        "rows": dict(done.rows),
        "task": done.plan.problem.task,
        "target": done.spec.target,
        "test": done.setup.split,
        "key": done.setup.key,
        "identity": done.setup.identity,
        "cut": done.setup.cut,
        "champion": asdict(done.champion) if done.champion else None,
    }
    return Manifest(
        inputs=inputs,
        labels=done.plan.problem.labels,
        null_values=done.reading.null_values,
        timezone=done.plan.timezone,
        versions=versions(),
        data=data,
        metrics=dict(done.evaluation.metrics),
        **_graph(done),
    )


def _graph(done: TrainingArtifacts) -> dict[str, Any]:
    if done.proven is None:
        return {}
    return {"null_sentinel": done.proven.sentinel, "parity": done.proven.parity.to_dict()}


def _input(plan: Plan, kind: ColumnType) -> Input:
    if kind.cells != "text":
        written = asdict(kind.numerals)
        return Input(kind.name, "double", kind.cells, kind.formats, **written)
    levels = [level for one in plan.categories if one.column == kind.name for level in one.levels]
    numbers = [level for level in levels if _NUMBER.fullmatch(level)]
    return Input(kind.name, "string", "text", digits=all(_DIGITS.fullmatch(level) for level in numbers))


def _training(
    done: TrainingArtifacts, draft: Path, drawings: Path, report: Callable[[ModelVersion | None], Path | None]
) -> TrainingLog:
    champion = done.champion or Comparison(0)
    figures = {f"plots/{path.name}": path for path in sorted(drawings.glob("*.svg"))}
    settings = done.spec.model_dump(mode="json", include={"split", "clean", "features"})
    files = {name: draft / name for name in ("plan.json", "profile.json")}
    return TrainingLog(
        name=done.spec.track.register_as or done.spec.name,
        bundle=draft,
        signature=_signature(done),
        params={"model": done.plan.model, "params": done.plan.params, "inputs": len(done.plan.inputs), **settings},
        metrics=done.evaluation.metrics,
        counts={**_counts(done), **{f"champion.{name}": value for name, value in champion.metrics.items()}},
        tags={
            "target": done.spec.target,
            "task": done.plan.problem.task,
            "spark_jobs.champion": str(champion.version or "none"),
            "spark_jobs.fingerprint": done.fingerprint,
            "spark_jobs.source": done.reading.location,
            "spark_jobs.parity": "skipped" if done.proven is None else str(done.proven.parity),
        },
        artifacts={**files, **figures},
        report=report,
        refused=_refused(done),
        lineage=_logged_lineage(done),
    )


def _counts(done: TrainingArtifacts) -> dict[str, float]:
    """Return the row counts by outcome, and the seconds of each phase so far."""
    rows = {f"rows.{fate}": float(count) for fate, count in done.rows.items()}
    return rows | {f"seconds.{phase}": spent for phase, spent in progress.seconds().items()}


def _logged_lineage(done: TrainingArtifacts) -> Lineage:
    plan, target = done.plan, done.spec.target
    what = f"Predicts `{target}` ({plan.problem.task}) from {len(plan.used)} columns of {done.reading.location}."
    measured = format_metrics(done.evaluation.metrics)
    return Lineage(
        source=done.reading.location,
        fingerprint=done.fingerprint,
        rows={"train": done.rows["trained"], "test": done.rows["tested"]},
        model=f"{what} Trained by spark-jobs.",
        version=f"{what} Algorithm: {find(plan.model).title}. On {done.rows['tested']:,} test rows: {measured}.",
    )


def _refused(done: TrainingArtifacts) -> str:
    """Return why the model must not be registered, or an empty text."""
    if done.proven is None or done.proven.parity.holds:
        return ""
    told = f"The ONNX graph does not match the Spark pipeline: {done.proven.parity}."
    return f"{told} {done.proven.example}".strip()


def _signature(done: TrainingArtifacts) -> Signature:
    names = done.plan.used
    kinds: dict[str, ColumnKind] = {name: _KINDS[done.plan.type_of(name).cells] for name in names}
    return Signature(kinds, _outputs(done), [done.example] if done.example else [])


def _outputs(done: TrainingArtifacts) -> dict[str, OutputKind]:
    """Return the output columns of `mlflow.pyfunc`: the graph's outputs, or only `prediction` without a graph."""
    problem = done.plan.problem
    if done.proven is None:
        return {"prediction": "double"}
    said: dict[str, OutputKind] = {"prediction": "string" if problem.labels else "double"}
    if problem.labels and not find(done.plan.model).probabilities:
        said["margin"] = "double" if problem.task == "binary" else "by label"
    elif problem.labels:
        said |= {"probability": "double"} if problem.task == "binary" else {}
        said["probabilities"] = "by label"
    return said | {"valid": "boolean"}

"""init: look at the data and write a short spec that says what was found."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import SpecError
from spark_jobs.jobs.check import made_name
from spark_jobs.jobs.result import Result
from spark_jobs.runtime import session
from spark_jobs.spec import Environment, Spec, parse
from spark_jobs.training.prepare import InspectedSource, inspect_source

_SHOWN = 40
_PLAIN = re.compile(r"[A-Za-z_./][\w./*-]*")


def run(data: str, target: str, env: Environment, out: str | None = None, force: bool = False) -> Result:
    """Write a spec for a table; one that is there stays, unless forced.

    Raises:
        SpecError: the spec is there already.
        DataError: the table cannot be learned from.
    """
    spec, path = spec_to_write(data, target, out, force)
    with progress.phase("starting Spark"):
        spark = session.open(env)
    try:
        return write_spec(spec, path, spark)
    finally:
        session.close(spark)


def spec_to_write(data: str, target: str, out: str | None = None, force: bool = False) -> tuple[Spec, Path]:
    """Make the shortest spec of a table, and the path of its file.

    Raises:
        SpecError: the file is there already, and is not to be replaced; a name or a path cannot be one.
    """
    spec = parse({"source": data, "target": target})
    path = Path(out or f"conf/{spec.name}.yml")
    if path.exists() and not force:
        raise SpecError(f"{path} is there already.", "Add --force to replace it, or name another file with --out.")
    return spec, path


def write_spec(spec: Spec, path: Path, spark: SparkSession) -> Result:
    """Look at the source of a spec and write the spec with what was found as comments.

    Raises:
        DataError: the table cannot be learned from.
    """
    inspected = inspect_source(spec, spark)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(spec_text(spec, inspected), encoding="utf-8")
    return Result(
        job="init",
        rows={"read": inspected.raw.rows + inspected.table.malformed_count},
        seconds=progress.seconds(),
        extra={"spec": str(path)},
        summary=(
            f"{path} is written: {inspected.problem.task} of '{spec.target}'.",
            *made_name(spec),
            f"  next: spark-jobs plan {path}",
        ),
    )


def spec_text(spec: Spec, inspected: InspectedSource) -> str:
    """The spec as commented YAML: what must be said, and as comments what was found."""
    problem = inspected.problem
    lines = [
        f"# {inspected.raw.rows:,} rows, {len(inspected.types)} columns. Every key that is left out has a default:",
        "# `spark-jobs plan` shows them all with their reasons.",
        f"source: {_yaml(spec.source.path or '')}",
        f"target: {_yaml(spec.target)}",
        f"task: {problem.task}   # {_comment(problem.reason)}",
    ]
    if problem.positive is not None:
        lines.append(f"positive: {json.dumps(problem.positive, ensure_ascii=False)}   # the rarer label")
    lines += ["# model: {kind: linear}   # or tree, forest, boosted_trees, svm, neural_net, naive_bayes, xgboost"]
    lines += [
        "#",
        "# What the columns look like:",
        *(_column(kind) for kind in list(inspected.types.values())[:_SHOWN]),
    ]
    left = len(inspected.types) - _SHOWN
    return "\n".join(lines + ([f"#   … and {left} more"] if left > 0 else [])) + "\n"


def _column(kind: ColumnType) -> str:
    return _comment(f"#   {kind.name}: {kind.kind} ({kind.reason})")


def _comment(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def _yaml(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)

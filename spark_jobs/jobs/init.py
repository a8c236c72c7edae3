"""init: inspect the data and write a short commented spec."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.errors import SpecError
from spark_jobs.results.lines import made_name
from spark_jobs.results.result import Result
from spark_jobs.runtime import session
from spark_jobs.spec import Environment, Spec, parse
from spark_jobs.training.prepare import inspect_source
from spark_jobs.training.starter_spec import starter_spec


def run(data: str, target: str, env: Environment, out: str | None = None, force: bool = False) -> Result:
    """Write a spec for a data source.

    Args:
        data: A file, a folder or a glob.
        target: The column to predict.
        env: The environment to run in.
        out: The file to write; default: `conf/<name>.yml`.
        force: Overwrite an existing spec.

    Raises:
        SpecError: The spec exists and `force` is false.
        DataError: The data cannot be read or has no usable target.
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
        SpecError: the file already exists, or a name or path is not valid.
    """
    spec = parse({"source": data, "target": target})
    path = Path(out or f"conf/{spec.name}.yml")
    if path.exists() and not force:
        raise SpecError(f"{path} already exists.", "Add --force to overwrite it, or name another file with --out.")
    return spec, path


def write_spec(spec: Spec, path: Path, spark: SparkSession) -> Result:
    """Look at the source of a spec and write the spec with what was found as comments.

    Raises:
        DataError: the table cannot be learned from.
    """
    inspected = inspect_source(spec, spark)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(starter_spec(spec, inspected), encoding="utf-8")
    return Result(
        job="init",
        rows={"read": inspected.raw.rows + inspected.table.malformed_count},
        seconds=progress.seconds(),
        extra={"spec": str(path)},
        summary=(
            f"{path}: wrote a spec for {inspected.problem.task} of '{spec.target}'.",
            *made_name(spec),
            f"  next: spark-jobs plan {path}",
        ),
    )

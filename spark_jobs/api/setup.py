"""What is done before any job: open a session, check a spec, look at the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from spark_jobs import progress
from spark_jobs.api.arguments import (
    AnyEnvironment,
    AnySpec,
    SpecKeys,
    build_environment,
    build_spec,
    check_arguments,
    with_spec_keys,
)
from spark_jobs.error_translation import translated_errors
from spark_jobs.errors import JobError
from spark_jobs.results.result import Result

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@translated_errors()
def open_session(env: AnyEnvironment | None = None, connectors: Sequence[str] = ()) -> SparkSession:
    """Open the Spark session that jobs run in, or take the one that Databricks, Connect or spark-submit gives.

    Args:
        env: the environment, or its name; by default `conf/env/local.yml`, or the built-in one where there is none.
        connectors: what must be read beside files and Delta: the names in `spark_jobs/runtime/connectors`.

    Returns:
        The session, which is the active one from now on.

    Raises:
        JobError: Java, Delta's jars or Spark itself could not be started.
        SpecError: there is no environment of that name.

    Example:
        spark = spark_jobs.open_session()
    """
    from spark_jobs.runtime import session

    return session.open(build_environment(env), connectors)


@with_spec_keys
@translated_errors()
def check(spec: AnySpec | None = None, *, env: AnyEnvironment | None = None, **keys: Unpack[SpecKeys]) -> Result:
    """Validate a spec, without Spark and without data.

    Args:
        spec: a `Spec`, a mapping of its keys, or the path of its YAML file.
        env: the environment or its name; by default the local one.
        keys: top-level keys of the spec; each replaces what `spec` says.

    Returns:
        The result; `print` shows what was checked.

    Raises:
        SpecError: every mistake that can be seen without data.

    Example:
        spark_jobs.check("conf/flights.yml", model={"kind": "forest"})
    """
    from spark_jobs.jobs import check as job

    check_arguments(keys, ("env",))
    return job.run(build_spec(spec, keys)[0], build_environment(env, spec))


@with_spec_keys
@translated_errors()
def doctor(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Result:
    """Check this machine: Python, Java, Delta's jars, memory, disk, MLflow and Spark's workers.

    Args:
        spec: a spec, to check what it needs as well; may be left out.
        spark: the session to try; by default the active one, or one that is opened and closed again.
        env: the environment or its name; by default the local one.
        keys: top-level keys of the spec; each replaces what `spec` says.

    Returns:
        The result: `extra["checks"]` has what was found; `print` shows it.

    Raises:
        JobError: something that a job needs is missing; the advice says how to fix it.

    Example:
        print(spark_jobs.doctor())
    """
    from spark_jobs.jobs import doctor as job
    from spark_jobs.runtime.active_session import current_session, keeping_active

    check_arguments(keys, ("spark", "env"))
    asked = build_spec(spec, keys)[0] if spec is not None or keys else None
    environment = build_environment(env, spec)
    with progress.show():
        try:
            active = current_session(spark)
        except JobError:
            return job.run(environment, asked)
        with keeping_active(active):
            return job.run(environment, asked, active)


def schema() -> dict[str, Any]:
    """Return the JSON schema of a spec, with the options of every algorithm.

    Returns:
        The schema (draft 2020-12) as plain values.

    Raises:
        Nothing of its own.

    Example:
        sorted(spark_jobs.schema()["properties"])
    """
    from spark_jobs.jobs import schema as job

    return job.whole()

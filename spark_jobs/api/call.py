"""One call of a job: its spec built, its session found, its DataFrames made views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, NamedTuple

from spark_jobs import progress
from spark_jobs.api.arguments import (
    AnyEnvironment,
    AnySpec,
    build_environment,
    build_spec,
    check_arguments,
    is_frame,
    view_name,
)
from spark_jobs.error_translation import translated_errors
from spark_jobs.jobs import preflight
from spark_jobs.results.result import Result
from spark_jobs.runtime.active_session import current_session, keeping_active
from spark_jobs.sources.kinds.dataframe import source_of_view
from spark_jobs.spec import Environment, Source, Spec

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Call(NamedTuple):
    """What a job is called with."""

    spec: Spec
    session: SparkSession
    env: Environment


@translated_errors()
def run_job(
    verb: str,
    spec: AnySpec | None,
    spark: SparkSession | None,
    env: AnyEnvironment | None,
    keys: Mapping[str, Any],
    **options: Any,
) -> Result:
    """Run a job of that name in a session that is open.

    Args:
        verb: a module of `spark_jobs.jobs`.
        spec: a spec in any form, or None where `keys` are all of it.
        spark: the session; by default the active one.
        env: an environment, its name, or None for the local one.
        keys: top-level keys of the spec.
        options: the job's own options.

    Raises:
        SpecError: the spec or an argument is wrong; nothing was started.
        JobError: there is no session, or the job could not be finished.
    """
    check_arguments(keys, (*options, "spark", "env"))
    asked, frames = build_spec(spec, keys)
    if "input" in options:
        options["input"] = _input(options["input"], asked.name, frames)
    environment = build_environment(env, spec)
    with progress.show():
        answered = preflight.answer(verb, asked, environment, options)
        if answered is not None:
            return answered
        with _views(spark, frames) as session:
            result: Result = import_module(f"spark_jobs.jobs.{verb}").run(asked, session, env=environment, **options)
    return result


@contextmanager
def opened(
    spec: AnySpec | None, spark: SparkSession | None, env: AnyEnvironment | None, keys: Mapping[str, Any]
) -> Iterator[Call]:
    """Give what a job without options of its own is called with; arguments and errors are those of `run_job`."""
    check_arguments(keys, ("spark", "env"))
    asked, frames = build_spec(spec, keys)
    environment = build_environment(env, spec)
    with translated_errors(), progress.show(), _views(spark, frames) as session:
        yield Call(asked, session, environment)


def _input(given: object, name: str, frames: dict[str, Any]) -> str | Source | None:
    """The rows to score, as the job takes them; a DataFrame is added to those that become views."""
    if isinstance(given, PathLike):
        return str(fspath(given))
    if not is_frame(given):
        return given if given is None or isinstance(given, Source) else str(given)
    view = view_name(name, "input")
    frames[view] = given
    return source_of_view(view)


@contextmanager
def _views(spark: SparkSession | None, frames: Mapping[str, Any]) -> Iterator[SparkSession]:
    """The session, with the DataFrames as its views; Spark's own frames bring their session along."""
    theirs = next((found for frame in frames.values() if (found := getattr(frame, "sparkSession", None))), None)
    with keeping_active(current_session(spark or theirs)) as session:
        from spark_jobs.sources.readers.dataframe import register

        for view, frame in frames.items():
            register(frame, view, session)
        yield session

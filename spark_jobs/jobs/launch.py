"""Dispatch of a verb to its job, with a Spark session if the job needs one."""

from __future__ import annotations

import threading
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_jobs import progress
from spark_jobs.errors import SpecError
from spark_jobs.jobs import check
from spark_jobs.jobs.result import Result
from spark_jobs.spec import Environment, Spec, load_environment, load_spec

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OWN = {"verb", "conf", "set", "env", "json", "quiet", "debug"}
LASTING = ("stream",)
WITHOUT_SOURCE = ("promote", "maintain")
LOOKING = ("train", "run", "plan", "profile")
SCORING = ("score", "stream")
PATIENCE = 10.0  # seconds to wait for an interrupted session to close


def launch(arguments: Namespace) -> Result:
    """Run the job of a command line.

    Args:
        arguments: The result of `spark_jobs.cli.parser.parse`.

    Raises:
        SparkJobsError: The job failed. An invalid spec raises `SpecError` before anything starts.
    """
    options = {name: value for name, value in vars(arguments).items() if name not in OWN}
    match arguments.verb:
        case "schema":
            from spark_jobs.jobs import schema

            return schema.run()
        case "export":
            from spark_jobs.jobs import export

            return export.run(arguments)
        case "check":
            spec, environment = load_config(arguments)
            return check.run(spec, env=environment)
        case "doctor" | "init" as verb:
            return _without_session(verb, arguments, options)
        case verb:
            from spark_jobs.jobs import preflight

            spec, environment = load_config(arguments)
            check_source(verb, spec, options)
            answered = preflight.answer(verb, spec, environment, options)
            return answered or _with_session(verb, spec, environment, options)


def load_config(arguments: Namespace) -> tuple[Spec, Environment]:
    """Load the spec and the environment of a command line, validated as far as possible without data.

    Raises:
        SpecError: The spec or the environment is invalid; the message lists all mistakes found.
    """
    spec, _ = load_spec(arguments.conf, arguments.set, check.option_mistakes)
    return spec, load_environment(arguments.env, Path(arguments.conf).parent)


def _without_session(verb: str, arguments: Namespace, options: dict[str, Any]) -> Result:
    """Run a job that opens a session itself, or that checks why none opens."""
    job = import_module(f"spark_jobs.jobs.{verb}")
    if getattr(arguments, "conf", None) is not None:
        spec, environment = load_config(arguments)
    else:
        spec, environment = None, load_environment(arguments.env, Path("conf"))
    if verb == "doctor":
        options["spec"] = spec
    result: Result = job.run(**options, env=environment)
    return result


def _with_session(verb: str, spec: Spec, environment: Environment, options: dict[str, Any]) -> Result:
    from spark_jobs.runtime import session
    from spark_jobs.sources.kinds import connectors_of

    _check_there(verb, spec, environment, options)
    needs = (connectors_of(spec), verb in LASTING)
    with progress.phase("starting Spark"):
        session.open_in_background(environment, *needs)  # starts in the background while the job's modules are imported
        job = import_module(f"spark_jobs.jobs.{verb}")
        _look_ahead(verb, spec, environment)
        spark = session.open(environment, *needs)
    try:
        result: Result = job.run(spec, spark, env=environment, **options)
    except KeyboardInterrupt:
        _close_soon(spark)
        raise
    except BaseException:
        session.close(spark)
        raise
    session.close(spark)
    _record_classes(environment)
    return result


def _record_classes(environment: Environment) -> None:
    """Create the class archive after the first local job, so that later jobs start seconds sooner."""
    from spark_jobs.runtime import session, settings
    from spark_jobs.runtime.class_archive import record_in_background

    if settings.is_local(environment) and not session.is_given() and record_in_background():
        progress.note("Creating Spark's class archive once in the background: later jobs start sooner.")


def _look_ahead(verb: str, spec: Spec, environment: Environment) -> None:
    """Import the registry's client and read a small local source while Spark starts."""
    if verb in SCORING:
        from spark_jobs.registry.tracking import Tracking, preload

        preload(Tracking(spec.track.uri, environment.root))
    if verb in LOOKING:
        from spark_jobs.training.prepare import prefetch_source

        prefetch_source(spec)


def check_source(verb: str, spec: Spec, options: dict[str, Any]) -> None:
    """Refuse a source that is a DataFrame of a program, which the command line does not have.

    Raises:
        SpecError: the verb reads such a source.
    """
    from spark_jobs.sources.kinds import declared_kind

    source = spec.stream.source or spec.source if verb == "stream" else spec.source
    kind = declared_kind(source)
    replaced = options.get("input") or options.get("replay")
    if kind is not None and kind.is_in_program and verb not in WITHOUT_SOURCE and not replaced:
        other = " or give the rows to score by `--input PATH`," if verb == "score" else ""
        raise SpecError(
            f"`source` is the DataFrame '{source.table}' of a program; the command line has no DataFrames.",
            f"Name a file or a table in `source`,{other} or pass `source=frame` in the program.",
        )


def _check_there(verb: str, spec: Spec, environment: Environment, options: dict[str, Any]) -> None:
    """Refuse a missing local path or secret before Spark starts."""
    from spark_jobs.runtime import session, settings
    from spark_jobs.sources.files import is_absent, no_such_path
    from spark_jobs.sources.kinds import declared_kind
    from spark_jobs.sources.secrets import resolved

    source = spec.stream.source or spec.source if verb == "stream" else spec.source
    path = options.get("input") or source.path
    here = settings.is_local(environment) and not session.is_given()
    if here and verb not in WITHOUT_SOURCE and path is not None and is_absent(path):
        raise no_such_path(path)
    if here and verb not in WITHOUT_SOURCE and not (options.get("input") or options.get("replay")):
        kind = declared_kind(source)
        for key in kind.secrets if kind is not None else ():
            resolved(getattr(source, key) or "", f"source.{key}")


def _close_soon(spark: SparkSession) -> None:
    """Close an interrupted session; wait at most `PATIENCE` seconds, since its JVM may be busy."""
    from spark_jobs.runtime import session

    closing = threading.Thread(target=session.close, args=(spark,), daemon=True)
    closing.start()
    closing.join(PATIENCE)

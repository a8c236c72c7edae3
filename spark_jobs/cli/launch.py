"""Dispatch of a command line to its job, with a Spark session if the job needs one."""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

from spark_jobs.cli.interruption import check_interrupted
from spark_jobs.errors import JobError
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec, load_environment, load_spec
from spark_jobs.spec_validation import option_mistakes

OWN = {"verb", "conf", "set", "env", "json", "quiet", "debug"}
LASTING = ("stream",)
LOOKING = ("train", "run", "plan", "profile")
SCORING = ("score", "stream")


def launch(arguments: Namespace) -> Result:
    """Run the job of a command line.

    Args:
        arguments: The result of `spark_jobs.cli.parser.parse_arguments`.

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

            return export.run(bundle_of(arguments), Path(arguments.to), arguments.compat)
        case "check":
            from spark_jobs.jobs import check

            spec, environment = load_config(arguments)
            return check.run(spec, env=environment)
        case "doctor" | "init" as verb:
            return _without_session(verb, arguments, options)
        case verb:
            from spark_jobs.jobs import preflight

            spec, environment = load_config(arguments)
            preflight.check_source(verb, spec, options)
            answered = preflight.answer(verb, spec, environment, options)
            return answered or _with_session(verb, spec, environment, options)


def load_config(arguments: Namespace) -> tuple[Spec, Environment]:
    """Load the spec and the environment of a command line, validated as far as possible without data.

    Raises:
        SpecError: The spec or the environment is invalid; the message lists all mistakes found.
    """
    spec, _ = load_spec(arguments.conf, arguments.set, option_mistakes)
    return spec, load_environment(arguments.env, Path(arguments.conf).parent)


def bundle_of(arguments: Namespace) -> Path:
    """Return the bundle that a command line names: a bundle's folder, or the champion or a version of a spec.

    Raises:
        JobError: The folder is not a bundle, or there is no such version.
        SpecError: The spec or the environment is invalid.
    """
    from spark_jobs.bundle import NAME
    from spark_jobs.registry.versions import requested_version

    given = Path(arguments.conf)
    if (given / NAME).is_file():
        return given
    if given.is_dir():
        raise JobError(f"{given} is not a bundle: it has no {NAME}.", "Give a spec or a bundle's folder.")
    spec, environment = load_config(arguments)
    return requested_version(spec, environment.root, arguments.version).bundle


def _without_session(verb: str, arguments: Namespace, options: dict[str, Any]) -> Result:
    """Run a job that opens a session itself, or that checks why none opens."""
    job = import_module(f"spark_jobs.jobs.{verb}")
    if getattr(arguments, "conf", None) is not None:
        spec, environment = load_config(arguments)
    else:
        spec, environment = None, load_environment(arguments.env, Path("conf"))
    if verb == "doctor":
        options["spec"] = spec
    check_interrupted()
    result: Result = job.run(**options, env=environment)
    return result


def _with_session(verb: str, spec: Spec, environment: Environment, options: dict[str, Any]) -> Result:
    from spark_jobs.jobs import preflight
    from spark_jobs.runtime.job_session import job_session
    from spark_jobs.sources.kinds import connectors_of

    def import_job() -> None:
        import_module(f"spark_jobs.jobs.{verb}")
        _look_ahead(verb, spec, environment)
        check_interrupted()

    preflight.check_paths_and_secrets(verb, spec, environment, options)
    with job_session(environment, connectors_of(spec), verb in LASTING, import_job) as spark:
        check_interrupted()
        result: Result = import_module(f"spark_jobs.jobs.{verb}").run(spec, spark, env=environment, **options)
    return result


def _look_ahead(verb: str, spec: Spec, environment: Environment) -> None:
    """Import the registry's client and read a small local source while Spark starts."""
    if verb in SCORING:
        from spark_jobs.registry.tracking import Tracking, preload

        preload(Tracking(spec.track.uri, environment.root))
    if verb in LOOKING:
        from spark_jobs.training.prepare import prefetch_source

        prefetch_source(spec)

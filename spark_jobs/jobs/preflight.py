"""Checks of a job that need no Spark session: its source, its secrets, and the model registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spark_jobs import progress
from spark_jobs.bundle import load_manifest
from spark_jobs.errors import SpecError
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import Alias, look_up, peek, resolve_version
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Source, Spec

WITHOUT_SOURCE = ("promote", "maintain")


def answer(verb: str, spec: Spec, env: Environment, options: Mapping[str, Any]) -> Result | None:
    """Return the result of a job that has nothing to do, or None if the job needs a session.

    Raises:
        JobError: The version, champion or challenger does not exist.
        SpecError: Two options cannot be combined.
    """
    tracking, name = Tracking(spec.track.uri, env.root), spec.track.register_as or spec.name
    match verb:
        case "score":
            _check_options(options)
            version = options.get("version")
            _check_registered(tracking, name, "champion" if version is None else version)
        case "stream":
            _check_registered(tracking, name, "champion")
        case "promote":
            return _nothing_to_promote(spec, tracking, name)
    return None


def check_source(verb: str, spec: Spec, options: dict[str, Any]) -> None:
    """Refuse a source that is a DataFrame of a program, which the command line does not have.

    Raises:
        SpecError: the verb reads such a source.
    """
    from spark_jobs.sources.kinds import declared_kind

    source = _source_of(verb, spec)
    kind = declared_kind(source)
    replaced = options.get("input") or options.get("replay")
    if kind is not None and kind.is_in_program and verb not in WITHOUT_SOURCE and not replaced:
        other = " or give the rows to score by `--input PATH`," if verb == "score" else ""
        raise SpecError(
            f"`source` is the DataFrame '{source.table}' of a program; the command line has no DataFrames.",
            f"Name a file or a table in `source`,{other} or pass `source=frame` in the program.",
        )


def check_paths_and_secrets(verb: str, spec: Spec, environment: Environment, options: dict[str, Any]) -> None:
    """Refuse a missing local path or secret before Spark starts.

    Raises:
        DataError: there is no such path.
        SpecError: a secret cannot be resolved.
    """
    from spark_jobs.runtime import session, settings
    from spark_jobs.sources.files import is_absent, no_such_path
    from spark_jobs.sources.kinds import declared_kind
    from spark_jobs.sources.secrets import resolved

    source = _source_of(verb, spec)
    path = options.get("input") or source.path
    here = settings.is_local(environment) and not session.is_given()
    if here and verb not in WITHOUT_SOURCE and path is not None and is_absent(path):
        raise no_such_path(path)
    if here and verb not in WITHOUT_SOURCE and not (options.get("input") or options.get("replay")):
        kind = declared_kind(source)
        for key in kind.secrets if kind is not None else ():
            resolved(getattr(source, key) or "", f"source.{key}")


def _source_of(verb: str, spec: Spec) -> Source:
    return spec.stream.source or spec.source if verb == "stream" else spec.source


def _check_options(options: Mapping[str, Any]) -> None:
    others = [f"`--{name}`" for name in ("input", "rescore") if options.get(name)]
    if options.get("replay") is not None and others:
        raise SpecError(f"`--replay` cannot be combined with {' or '.join(others)}.", "Leave one of them out.")


def _check_registered(tracking: Tracking, name: str, which: Alias | int) -> None:
    """Query MLflow, which takes seconds to import, only if reading its store does not find the version."""
    if peek(tracking, name, which) is None:
        with progress.phase("finding the model"):
            resolve_version(tracking, name, which)


def _nothing_to_promote(spec: Spec, tracking: Tracking, name: str) -> Result | None:
    challenger = peek(tracking, name, "challenger")
    if challenger is not None and challenger != peek(tracking, name, "champion"):
        return None
    with progress.phase("finding the model"):
        found, champion = resolve_version(tracking, name, "challenger"), look_up(tracking, name, "champion")
    if champion is None or champion.version != found.version:
        return None
    return Result(
        job="promote",
        run_id=found.run_id,
        model={"name": name, "version": found.version, "alias": "champion"},
        metrics=load_manifest(found.bundle).metrics,
        bundle=str(found.bundle),
        seconds=progress.seconds(),
        summary=(f"{spec.name}: version {found.version} of '{name}' is already the champion; nothing has changed.",),
    )

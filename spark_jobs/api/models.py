"""Trained models: found by name or folder, loaded, exported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_jobs import progress
from spark_jobs.api.arguments import AnyEnvironment, build_environment
from spark_jobs.error_translation import translated_errors
from spark_jobs.errors import JobError, did_you_mean
from spark_jobs.results.result import Result
from spark_jobs.scoring.trained_model import TrainedModel, load_bundle
from spark_jobs.spec import Track

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AnyModel = Result | TrainedModel | str | PathLike[str]
"""What a job returned, a loaded model, the folder of a bundle, or a registered model as `name@champion` or `name@3`."""
_ALIASES = ("challenger", "champion")
_REFERENCE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_-]{0,99})@([A-Za-z0-9_]+)")


@translated_errors()
def load_model(
    model: AnyModel,
    spark: SparkSession | None = None,
    *,
    env: AnyEnvironment | None = None,
    track: Track | Mapping[str, Any] | None = None,
) -> TrainedModel:
    """Load a trained model, its files checked one by one.

    Args:
        model: what `train`, `promote`, `score` or `run` returned, the folder of a bundle, or a registered model as
            `name@champion`, `name@challenger` or `name@3`.
        spark: the session for predictions by Spark; by default the active one when it is needed. Predictions of a
            pandas DataFrame by a model with a graph need none.
        env: where the model was registered: an environment or its name; by default the local one.
        track: the MLflow store, as in the spec; by default that of the environment.

    Returns:
        The model.

    Raises:
        JobError: there is no such model or bundle, or a file is not what was written.

    Example:
        spark_jobs.load_model("flights@champion").predict(frame)
    """
    return model if isinstance(model, TrainedModel) else load_bundle(_bundle(model, env, track), spark)


@translated_errors()
def export(
    model: AnyModel,
    to: str | PathLike[str],
    *,
    compat: bool = False,
    env: AnyEnvironment | None = None,
    track: Track | Mapping[str, Any] | None = None,
) -> Result:
    """Write a model's graph, its manifest, a reader and an example, for wherever ONNX Runtime runs.

    Args:
        model: as for `load_model`; so are `env` and `track`.
        to: the folder to write; an earlier export there is replaced.
        compat: write the graph for runtimes that lack ai.onnx.ml 5.

    Returns:
        The result; `print` shows how the export is used.

    Raises:
        JobError: there is no such model, or it has no graph.
        SpecError: the folder holds something else.

    Example:
        spark_jobs.export("flights@champion", "edge")
    """
    from spark_jobs.jobs import export as job

    bundle = model.bundle if isinstance(model, TrainedModel) else _bundle(model, env, track)
    with progress.show():
        return job.run(bundle, Path(to), compat)


def _bundle(
    model: Result | str | PathLike[str], env: AnyEnvironment | None, track: Track | Mapping[str, Any] | None
) -> Path:
    if isinstance(model, Result):
        return model.model_folder
    place = Path(fspath(model))
    found = _REFERENCE.fullmatch(model) if isinstance(model, str) and not place.exists() else None
    return place if found is None else _registered(found[1], found[2], env, track)


def _registered(name: str, which: str, env: AnyEnvironment | None, track: Track | Mapping[str, Any] | None) -> Path:
    from spark_jobs.registry.tracking import Tracking
    from spark_jobs.registry.versions import Alias, resolve_version

    if not which.isdigit() and which not in _ALIASES:
        raise JobError(f"'{name}@{which}' names no version: '{which}' is no alias.", did_you_mean(which, _ALIASES))
    alias: Alias = "challenger" if which == "challenger" else "champion"
    store = track if isinstance(track, Track) else Track.model_validate(dict(track or {}))
    tracking = Tracking(store.uri, build_environment(env).root)
    return resolve_version(tracking, name, int(which) if which.isdigit() else alias).bundle

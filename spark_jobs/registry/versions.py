"""Versions of a registered model, their aliases and their bundles."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from spark_jobs import progress
from spark_jobs.bundle import NAME, REPORT, add_file, load_manifest, publish
from spark_jobs.error_translation import optional
from spark_jobs.errors import JobError, did_you_mean
from spark_jobs.registry.tracking import Tracking, mlflow_client
from spark_jobs.spec import Spec

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion

Alias = Literal["challenger", "champion"]
RUN_KEY = "spark_jobs.run_key"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a registered model, with the path of its bundle."""

    name: str
    version: int
    run_id: str
    bundle: Path
    aliases: tuple[str, ...] = ()


def bundle_path(root: str, name: str, version: int) -> Path:
    """Return the path of a version's bundle under a root folder."""
    return Path(root).absolute() / "bundles" / quote(name, safe=" ") / str(version)


def resolve_version(tracking: Tracking, name: str, which: Alias | int = "champion") -> ModelVersion:
    """Return a version by alias or number, and download its bundle if it is not on this machine.

    Raises:
        JobError: The model, version or alias does not exist.
    """
    if tracking.local and not tracking.database.exists():  # connecting would create it
        raise JobError(f"No model '{name}' is registered.", "Train one first.")
    client = mlflow_client(tracking)
    found = look_up(tracking, name, which)
    if found is None:
        raise _missing(client, name, which)
    if not found.bundle.exists():
        fetch_bundle(tracking, found)
    return found


def requested_version(spec: Spec, root: str, number: int | None = None) -> ModelVersion:
    """Return the version of a spec's model with this number, or the champion.

    Raises:
        JobError: The model, version or champion does not exist.
    """
    with progress.phase("finding the model"):
        name = spec.track.register_as or spec.name
        return resolve_version(Tracking(spec.track.uri, root), name, "champion" if number is None else number)


def look_up(tracking: Tracking, name: str, which: Alias | int) -> ModelVersion | None:
    """Return a version by alias or number, or None if it does not exist.

    Raises:
        JobError: MLflow cannot be queried.
    """
    client = mlflow_client(tracking)
    from mlflow.exceptions import MlflowException

    try:
        if isinstance(which, int):
            return describe_version(tracking, client.get_model_version(name, str(which)))
        return describe_version(tracking, client.get_model_version_by_alias(name, which))
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"):
            raise JobError(f"MLflow could not look up '{name}': {error.message}", "Check `track.uri`.") from error
        return None


def peek(tracking: Tracking, name: str, which: Alias | int) -> int | None:
    """Return a version's number from the local store's database, or None if only MLflow can tell.

    This takes milliseconds, while MLflow takes seconds to import. Since MLflow may change its tables, None does not
    mean that the version does not exist.
    """
    asked = (
        "SELECT version FROM model_versions WHERE name = ? AND version = ? AND current_stage <> 'Deleted_Internal'"
        if isinstance(which, int)
        else "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?"
    )
    try:
        with closing(sqlite3.connect(f"{tracking.database.as_uri()}?mode=ro", uri=True)) as store:
            found = store.execute(asked, (name, which)).fetchone() if tracking.local else None
    except sqlite3.Error:
        return None
    return int(found[0]) if found else None


def of_run(tracking: Tracking, name: str, run_id: str) -> ModelVersion | None:
    """Return the version that a run registered, or None."""
    found = mlflow_client(tracking).search_model_versions(f"run_id = '{run_id}'")
    mine = [describe_version(tracking, version) for version in found if version.name == name]
    return min(mine, key=lambda version: version.version, default=None)


def set_alias(tracking: Tracking, name: str, alias: Alias, version: int) -> None:
    """Point an alias to a version and verify it.

    Raises:
        JobError: Another process moved the alias at the same time.
    """
    client = mlflow_client(tracking)
    client.set_registered_model_alias(name, alias, str(version))
    seen = client.get_model_version_by_alias(name, alias).version
    if int(seen) != version:
        cause = f"The alias '{alias}' of '{name}' should be version {version} but is {seen}."
        raise JobError(cause, "Another process moved it. Check the alias, then retry.")


def fetch_bundle(tracking: Tracking, version: ModelVersion) -> None:
    """Download a version's bundle and its report from MLflow and publish them on this machine."""
    with downloaded_bundle(tracking, version) as draft:
        page = optional("The report of the model", lambda: _download_report(tracking, version, draft.parent), None)
        if page is not None:
            add_file(draft, REPORT, page)
        publish(draft, version.bundle)


@contextmanager
def downloaded_bundle(tracking: Tracking, version: ModelVersion) -> Iterator[Path]:
    """Yield a temporary folder with a version's bundle from MLflow; the report is not part of it."""
    place = mlflow_client(tracking).get_model_version_download_uri(version.name, str(version.version))
    from mlflow.artifacts import download_artifacts

    with TemporaryDirectory(prefix="spark-jobs-") as scratch:
        got = Path(download_artifacts(place, dst_path=str(Path(scratch) / "model"), tracking_uri=tracking.address))
        draft = Path(scratch) / "bundle"
        for name in (*load_manifest(got).sha256, NAME):
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(got / name, draft / name)
        yield draft


def _download_report(tracking: Tracking, version: ModelVersion, folder: Path) -> Path | None:
    client = mlflow_client(tracking)
    if REPORT not in {item.path for item in client.list_artifacts(version.run_id)}:
        return None
    return Path(client.download_artifacts(version.run_id, REPORT, str(folder)))


def describe_version(tracking: Tracking, found: MlflowVersion) -> ModelVersion:
    """Convert MLflow's model version to a `ModelVersion`."""
    number = int(found.version)
    return ModelVersion(
        found.name, number, found.run_id or "", bundle_path(tracking.root, found.name, number), tuple(found.aliases)
    )


def _missing(client: MlflowClient, name: str, which: Alias | int) -> JobError:
    names = [model.name for model in client.search_registered_models()]
    if name not in names:
        return JobError(f"No model '{name}' is registered.", did_you_mean(name, names) or "Train one first.")
    if isinstance(which, int):
        numbers = sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))
        listed = ", ".join(str(number) for number in numbers[-12:]) or "none"
        return JobError(f"The model '{name}' has no version {which}.", f"It has {listed}.")
    advice = "Train a model first." if which == "challenger" else "Promote a version first, or name one with --version."
    return JobError(f"The model '{name}' has no {which}.", advice)

"""Logging of a training to MLflow: its run, its model, and the new version with the alias `challenger`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from spark_jobs.bundle import REPORT, add_file, publish
from spark_jobs.error_translation import optional
from spark_jobs.errors import JobError, format_list
from spark_jobs.registry.lineage import Lineage, log_datasets, name_run
from spark_jobs.registry.mlflow_names import measures, parameters
from spark_jobs.registry.mlmodel import Signature, link_or_copy, write_mlflow_model
from spark_jobs.registry.runs import Run, end_run
from spark_jobs.registry.tracking import Tracking, default_store, mlflow_client
from spark_jobs.registry.versions import RUN_KEY, ModelVersion, describe_version, downloaded_bundle, of_run, set_alias
from spark_jobs.tables.locks import locked

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NOT_IN_MODEL_NAMES = re.compile(r"[/:.%\"']")
_PARAMS_A_BATCH = 100
_METRICS_A_BATCH = 1000


@dataclass(frozen=True, slots=True)
class TrainingLog:
    """What is logged of a training.

    `params` are the plan's values by dotted name; values that are not short scalars are only in `plan.json`. `counts`
    are metrics of the run but not of the model. `artifacts` maps paths in the run to files. `bundle` is the folder
    that `bundle.write` made, including `pipeline/`. `report` writes the report of the registered version (None: not
    registered) and returns None if that fails. `refused` says why the model must not be registered, or is empty.
    """

    name: str
    bundle: Path
    signature: Signature
    params: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Path] = field(default_factory=dict)
    report: Callable[[ModelVersion | None], Path | None] = lambda _: None
    refused: str = ""
    lineage: Lineage = field(default_factory=Lineage)


def log_training(tracking: Tracking, run: Run, training: TrainingLog) -> ModelVersion:
    """Log a training, register its model as the challenger, publish its bundle and end the run.

    If an interrupted attempt of the same run already registered a version, that version is completed instead.

    Raises:
        JobError: The model is logged but must not be registered.
    """
    client = mlflow_client(tracking)
    done = _finish_interrupted(tracking, client, run, training)
    if done is not None:
        return done
    optional(
        "The plan, the figures and other artifacts of the MLflow run",
        lambda: _log_artifacts(client, run, training),
        None,
    )
    model_id = _log_model(client, run, training)
    optional(
        "The data sets of the MLflow run", lambda: log_datasets(client, run, training.name, training.lineage), None
    )
    optional("Part of what the MLflow run shows", lambda: _log_values(client, run, training, model_id), None)
    if training.refused:
        _log_report(client, run.run_id, training.report(None))
        raise JobError(
            training.refused, "The model is logged but not registered. To train without a graph, set `graph: skip`."
        )
    with locked(tracking.root, "registry"):
        version = _register(tracking, client, run, training, model_id)
        _publish(client, training, version, training.bundle)
        set_alias(tracking, training.name, "challenger", version.version)
    optional("The name of the MLflow run", lambda: name_run(client, version), None)
    end_run(tracking, run.run_id, "FINISHED")
    return version


def _finish_interrupted(
    tracking: Tracking, client: MlflowClient, run: Run, training: TrainingLog
) -> ModelVersion | None:
    """Complete a run that was killed after registering its model; return None if it had not registered one."""
    version = of_run(tracking, training.name, run.run_id) if run.resumed else None
    if version is None:
        return None
    with locked(tracking.root, "registry"):
        if not version.bundle.exists():
            with downloaded_bundle(tracking, version) as draft:
                _publish(client, training, version, draft)
        set_alias(tracking, training.name, "challenger", version.version)
    end_run(tracking, run.run_id, "FINISHED")
    return version


def _publish(client: MlflowClient, training: TrainingLog, version: ModelVersion, draft: Path) -> None:
    """Publish the bundle of a version together with its report, which names the version."""
    page = training.report(version)
    if page is not None:
        add_file(draft, REPORT, page)
        _log_report(client, version.run_id, page)
    publish(draft, version.bundle)


def _log_report(client: MlflowClient, run_id: str, page: Path | None) -> None:
    if page is not None:
        optional("The report in the MLflow run", lambda: client.log_artifact(run_id, str(page)), None)


def _log_artifacts(client: MlflowClient, run: Run, training: TrainingLog) -> None:
    with TemporaryDirectory(prefix="spark-jobs-") as scratch:
        for place, path in training.artifacts.items():
            target = Path(scratch) / place
            target.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(str(path), str(target))
        client.log_artifacts(run.run_id, scratch)


def _log_model(client: MlflowClient, run: Run, training: TrainingLog) -> str:
    from mlflow.entities import LoggedModelOutput

    flat, _ = parameters(training.params)
    model = client.create_logged_model(
        run.experiment_id,
        name=_NOT_IN_MODEL_NAMES.sub("-", training.name),
        source_run_id=run.run_id,
        params=dict(list(flat.items())[:_PARAMS_A_BATCH]),
        tags={RUN_KEY: run.run_key},
        model_type="spark",
    )
    with TemporaryDirectory(prefix="spark-jobs-") as scratch:
        folder = Path(scratch) / "model"
        write_mlflow_model(training.bundle, folder, training.signature, run.run_id, model.model_id)
        client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, 0)])
    return str(model.model_id)


def _log_values(client: MlflowClient, run: Run, training: TrainingLog, model_id: str) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    flat, left = parameters(training.params)
    params = [Param(name, value) for name, value in flat.items()]
    metrics = [
        Metric(name, value, now, 0, model_id=model_id, run_id=run.run_id)
        for name, value in measures(training.metrics).items()
    ]
    metrics += [Metric(name, value, now, 0, run_id=run.run_id) for name, value in measures(training.counts).items()]
    tags = {**training.tags, **({"spark_jobs.only_in_plan": format_list(left, 20)} if left else {})}
    client.log_batch(run.run_id, metrics=metrics[:_METRICS_A_BATCH], tags=[RunTag(*item) for item in tags.items()])
    for start in range(0, len(params), _PARAMS_A_BATCH):
        client.log_batch(run.run_id, params=params[start : start + _PARAMS_A_BATCH])


def _register(tracking: Tracking, client: MlflowClient, run: Run, training: TrainingLog, model_id: str) -> ModelVersion:
    from mlflow.exceptions import MlflowException

    name = training.name
    try:
        client.create_registered_model(name, description=training.lineage.model or None)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    with default_store(tracking):
        made = client.create_model_version(
            name,
            f"models:/{model_id}",
            run_id=run.run_id,
            tags={RUN_KEY: run.run_key},
            model_id=model_id,
            description=training.lineage.version or None,
        )
    link = json.dumps([{"name": name, "version": made.version}])
    linked = partial(client.set_logged_model_tags, model_id, {"mlflow.modelVersions": link})
    optional("The link from the MLflow run to the version", linked, None)
    return describe_version(tracking, made)

"""The lineage of a run and a model in MLflow: dataset inputs, run name, descriptions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

    from spark_jobs.registry.runs import Run
    from spark_jobs.registry.versions import ModelVersion

_LONGEST_DIGEST = 36
_LONGEST_NAME = 480


@dataclass(frozen=True, slots=True)
class Lineage:
    """The origin of a model.

    `rows` counts the source's training and test rows (keys `train` and `test`). `model` and `version` are the
    descriptions of the registered model and of its new version.
    """

    source: str = ""
    fingerprint: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    model: str = ""
    version: str = ""


def log_datasets(client: MlflowClient, run: Run, name: str, lineage: Lineage) -> None:
    """Log the source's training and test rows as dataset inputs of a run, with the fingerprint as digest."""
    parts = [_dataset(name, context, rows, lineage) for context, rows in lineage.rows.items()]
    if parts:
        client.log_inputs(run.run_id, datasets=parts)


def name_run(client: MlflowClient, version: ModelVersion) -> None:
    """Name the run of a version after it, such as `flights v1`."""
    client.update_run(version.run_id, name=f"{version.name} v{version.version}")


def _dataset(name: str, context: str, rows: int, lineage: Lineage) -> DatasetInput:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=f"{name[:_LONGEST_NAME]} {context}",  # MLflow stores one dataset for each name and digest
        digest=lineage.fingerprint[:_LONGEST_DIGEST],
        source_type=_source_type(lineage.source),
        source=json.dumps({"uri": lineage.source}),
        profile=json.dumps({"num_rows": rows}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])


def _source_type(location: str) -> str:
    """Return MLflow's source type of a location, so that MLflow can open the types it knows."""
    scheme = re.match(r"([a-z0-9+.-]+):", location)
    return "local" if scheme is None or scheme[1] == "file" else scheme[1]

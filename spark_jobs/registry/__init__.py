"""MLflow: runs, registered models, the aliases of their versions, and the promotion gate."""

from spark_jobs.registry.gate import Promotion, promote_challenger
from spark_jobs.registry.log import TrainingLog, log_training
from spark_jobs.registry.mlmodel import Signature, versions
from spark_jobs.registry.runs import Run, end_run, start_run
from spark_jobs.registry.tracking import Tracking, mlflow_client, preload
from spark_jobs.registry.versions import ModelVersion, resolve_version

__all__ = [
    "ModelVersion",
    "Promotion",
    "Run",
    "Signature",
    "Tracking",
    "TrainingLog",
    "end_run",
    "log_training",
    "mlflow_client",
    "preload",
    "promote_challenger",
    "resolve_version",
    "start_run",
    "versions",
]

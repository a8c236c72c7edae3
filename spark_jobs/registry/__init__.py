"""MLflow: runs, registered models, the aliases of their versions, and the promotion gate."""

from spark_jobs.registry.gate import Promotion, promote
from spark_jobs.registry.log import Training, finish_interrupted, log_training
from spark_jobs.registry.mlmodel import Signature, versions
from spark_jobs.registry.runs import Run, end_run, start_run
from spark_jobs.registry.tracking import Tracking, connect, preload
from spark_jobs.registry.versions import ModelVersion, resolve

__all__ = [
    "ModelVersion",
    "Promotion",
    "Run",
    "Signature",
    "Tracking",
    "Training",
    "connect",
    "end_run",
    "finish_interrupted",
    "log_training",
    "preload",
    "promote",
    "resolve",
    "start_run",
    "versions",
]

"""What the user asks: frozen models of one YAML file. Knows nothing of Spark."""

from spark_jobs.spec.models import (
    Clean,
    Columns,
    Duplicates,
    Environment,
    Evaluate,
    Features,
    Missing,
    Model,
    Outliers,
    Predictions,
    Source,
    Spec,
    Split,
    Task,
    Track,
)

__all__ = [
    "Clean",
    "Columns",
    "Duplicates",
    "Environment",
    "Evaluate",
    "Features",
    "Missing",
    "Model",
    "Outliers",
    "Predictions",
    "Source",
    "Spec",
    "Split",
    "Task",
    "Track",
]

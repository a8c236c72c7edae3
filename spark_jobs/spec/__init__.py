"""What the user asks: frozen models of one YAML file. Knows nothing of Spark."""

from spark_jobs.spec.loading import dump, load, load_environment, load_spec, parse
from spark_jobs.spec.models import (
    Clean,
    ColumnFeatures,
    Columns,
    Duplicates,
    Environment,
    Evaluate,
    Features,
    Missing,
    Model,
    Outliers,
    Part,
    Predictions,
    Source,
    Spec,
    Split,
    Task,
    Track,
)
from spark_jobs.spec.schema import schema

__all__ = [
    "Clean",
    "ColumnFeatures",
    "Columns",
    "Duplicates",
    "Environment",
    "Evaluate",
    "Features",
    "Missing",
    "Model",
    "Outliers",
    "Part",
    "Predictions",
    "Source",
    "Spec",
    "Split",
    "Task",
    "Track",
    "dump",
    "load",
    "load_environment",
    "load_spec",
    "parse",
    "schema",
]

"""The spec: frozen pydantic models of one YAML file, independent of Spark."""

from spark_jobs.spec.checks import Changes
from spark_jobs.spec.cleaning import Clean, Duplicates, Missing, Outliers
from spark_jobs.spec.environment import Environment
from spark_jobs.spec.fields import SpecModel, Task
from spark_jobs.spec.learning import Model, Tune
from spark_jobs.spec.loading import dump, load, load_environment, load_spec, parse, spec_hash
from spark_jobs.spec.models import ColumnFeatures, Columns, Evaluate, Features, Predictions, Spec, Split, Track
from spark_jobs.spec.schema import schema
from spark_jobs.spec.sources import Source
from spark_jobs.spec.streams import Stream

__all__ = [
    "Changes",
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
    "Predictions",
    "Source",
    "Spec",
    "SpecModel",
    "Split",
    "Stream",
    "Task",
    "Track",
    "Tune",
    "dump",
    "load",
    "load_environment",
    "load_spec",
    "parse",
    "schema",
    "spec_hash",
]

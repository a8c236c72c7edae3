"""From one YAML file, on any Spark, to predictions that can be trusted.

Names are loaded when they are first used, so that `import spark_jobs` starts nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spark_jobs.errors import DataError, GateError, JobError, SparkJobsError, SpecError
    from spark_jobs.jobs.result import Result
    from spark_jobs.spec import Environment, Spec, dump, load, parse

__version__ = "0.1.0"

_HOMES = {
    "DataError": "spark_jobs.errors",
    "Environment": "spark_jobs.spec",
    "Fitted": "spark_jobs.fitted",
    "GateError": "spark_jobs.errors",
    "JobError": "spark_jobs.errors",
    "Plan": "spark_jobs.plan",
    "Profile": "spark_jobs.profile",
    "Result": "spark_jobs.jobs.result",
    "SparkJobsError": "spark_jobs.errors",
    "Spec": "spark_jobs.spec",
    "SpecError": "spark_jobs.errors",
    "dump": "spark_jobs.spec",
    "load": "spark_jobs.spec",
    "parse": "spark_jobs.spec",
}

__all__ = [
    "DataError",
    "Environment",
    "GateError",
    "JobError",
    "Result",
    "SparkJobsError",
    "Spec",
    "SpecError",
    "__version__",
    "dump",
    "load",
    "parse",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'spark_jobs' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

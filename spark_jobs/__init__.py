"""From one YAML file, on any Spark, to predictions that can be trusted.

In a notebook:

    import spark_jobs

    spark = spark_jobs.open_session()
    result = spark_jobs.run(source="data/flights.csv", target="arr_delay")
    print(result)
    result.load_model().predict(spark.read.csv("data/new.csv", header=True)).show()

`source` may be a DataFrame of Spark or pandas too.

Every verb of the command line is a function. `plan` and `profile` are packages, so that these two functions are
`make_plan` and `make_profile`, which return a `Plan` and a `Profile`.

Names are loaded when they are first used, so that `import spark_jobs` starts nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spark_jobs.api import (
        TrainedModel,
        check,
        doctor,
        export,
        init,
        load_model,
        maintain,
        make_plan,
        make_profile,
        open_session,
        promote,
        run,
        schema,
        score,
        stream,
        train,
    )
    from spark_jobs.errors import DataError, GateError, JobError, SparkJobsError, SpecError
    from spark_jobs.plan import Plan
    from spark_jobs.profile.profile import Profile
    from spark_jobs.results.result import Result
    from spark_jobs.spec import Environment, Spec, dump, load, parse

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "Environment",
    "GateError",
    "JobError",
    "Plan",
    "Profile",
    "Result",
    "SparkJobsError",
    "Spec",
    "SpecError",
    "TrainedModel",
    "__version__",
    "check",
    "doctor",
    "dump",
    "export",
    "init",
    "load",
    "load_model",
    "maintain",
    "make_plan",
    "make_profile",
    "open_session",
    "parse",
    "promote",
    "run",
    "schema",
    "score",
    "stream",
    "train",
]

_ROOMS = {
    "spark_jobs.errors": ("DataError", "GateError", "JobError", "SparkJobsError", "SpecError"),
    "spark_jobs.results.result": ("Result",),
    "spark_jobs.plan": ("Plan",),
    "spark_jobs.profile.profile": ("Profile",),
    "spark_jobs.spec": ("Environment", "Spec", "dump", "load", "parse"),
}
_HOMES = dict.fromkeys(__all__, "spark_jobs.api") | {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'spark_jobs' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

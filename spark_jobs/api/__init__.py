"""Every verb of the command line as a function, for notebooks and programs."""

from spark_jobs.api.models import export, load_model
from spark_jobs.api.scoring import maintain, score, stream
from spark_jobs.api.setup import check, doctor, open_session, schema
from spark_jobs.api.training import init, plan, profile, promote, run, train
from spark_jobs.scoring.trained_model import TrainedModel

# `spark_jobs.plan` and `spark_jobs.profile` are packages, so that the package offers the two functions as these.
make_plan, make_profile = plan, profile

__all__ = [
    "TrainedModel",
    "check",
    "doctor",
    "export",
    "init",
    "load_model",
    "maintain",
    "make_plan",
    "make_profile",
    "open_session",
    "plan",
    "profile",
    "promote",
    "run",
    "schema",
    "score",
    "stream",
    "train",
]

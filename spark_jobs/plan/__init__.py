"""Every default and automatic choice resolved, each with its reason: a pure function of the spec and the profile."""

from spark_jobs.plan.make import make
from spark_jobs.plan.plan import Decision, Plan, PlannedColumn
from spark_jobs.plan.problem import Problem, frame

__all__ = ["Decision", "Plan", "PlannedColumn", "Problem", "frame", "make"]

"""The plan: every default and automatic choice with its reason, a pure function of the spec and the profile."""

from spark_jobs.plan.learning_task import LearningTask, infer_task
from spark_jobs.plan.make import make
from spark_jobs.plan.plan import Decision, Plan, PlannedColumn

__all__ = ["Decision", "LearningTask", "Plan", "PlannedColumn", "infer_task", "make"]

"""Scalers of numbers; a module's name is its name in the spec."""

from spark_jobs.features.steps import Scaler

ROLE = Scaler.role

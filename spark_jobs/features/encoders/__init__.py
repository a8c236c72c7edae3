"""Encoders of categories; a module's name is its name in the spec."""

from spark_jobs.features.steps import Encoder

ROLE = Encoder.role

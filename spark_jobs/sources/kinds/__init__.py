"""Readers of sources: one module for each `source.kind`, whose `read` function returns the table."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from pyspark.sql import SparkSession

from spark_jobs.errors import SpecError
from spark_jobs.sources.source_table import Table
from spark_jobs.spec.models import Source


def source_kinds() -> tuple[str, ...]:
    """Return the supported values of `source.kind`, sorted by name."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def reader(kind: str) -> Callable[[Source, SparkSession], Table]:
    """Return the `read` function of a kind of source.

    Raises:
        SpecError: `kind` is not supported.
    """
    if kind not in source_kinds():
        raise SpecError(f"`source.kind` must be one of {', '.join(source_kinds())}. Got '{kind}'.")
    found: Callable[[Source, SparkSession], Table] = import_module(f"{__name__}.{kind}").read
    return found

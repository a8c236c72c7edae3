"""One file per kind of source; a file's name is the `kind` of the spec, and its `read` gives the table."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from pyspark.sql import SparkSession

from spark_jobs.errors import SpecError
from spark_jobs.sources.source_table import Table
from spark_jobs.spec.models import Source


def kinds() -> tuple[str, ...]:
    """The kinds of source that can be read."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def reader(kind: str) -> Callable[[Source, SparkSession], Table]:
    """What reads a source of that kind.

    Raises:
        SpecError: nothing does.
    """
    if kind not in kinds():
        raise SpecError(f"`source.kind` must be one of {', '.join(kinds())}. Got '{kind}' instead.")
    found: Callable[[Source, SparkSession], Table] = import_module(f"{__name__}.{kind}").read
    return found

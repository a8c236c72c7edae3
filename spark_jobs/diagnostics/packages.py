"""Checks of Python and of the installed packages."""

from __future__ import annotations

import importlib.metadata
import sys

from spark_jobs.diagnostics.finding import Finding
from spark_jobs.models import Algorithm
from spark_jobs.runtime import jars


def check_python(version: tuple[int, ...]) -> Finding:
    """Return whether a version of Python is new enough."""
    found = ".".join(str(part) for part in version)
    if version < (3, 11):
        return Finding(
            "Python", "bad", f"{found}; 3.11 or newer is required", "Create the environment with python3.11."
        )
    return Finding("Python", "good", f"{found}, {sys.executable}")


def check_spark_packages() -> Finding:
    """Return whether PySpark, delta-spark and Delta's jars fit each other."""
    spark, delta = importlib.metadata.version("pyspark"), importlib.metadata.version("delta-spark")
    pinned = next(jar for jar in jars.pinned() if jar.name.startswith("delta-spark"))
    fits = pinned.name.removeprefix("delta-spark_").split("_")[0]
    found = f"pyspark {spark}, delta-spark {delta}"
    if delta != pinned.version or not spark.startswith(f"{fits}."):
        advice = f"pip install 'pyspark=={fits}.0' 'delta-spark=={pinned.version}'"
        return Finding("Packages", "bad", f"{found}; Delta's jars are {pinned.version} for Spark {fits}", advice)
    home = jars.spark_home()
    if not any(home.glob(f"jars/spark-core_*-{spark}.jar")):
        return Finding("Packages", "bad", f"SPARK_HOME={home} is not Spark {spark}", "unset SPARK_HOME")
    return Finding("Packages", "good", found)


def check_algorithm_package(algorithm: Algorithm, is_needed: bool) -> Finding:
    """Return whether the package of an algorithm is installed; a missing one is bad only if it is needed."""
    installed = importlib.metadata.packages_distributions().get(algorithm.package, [])
    if installed:
        return Finding(algorithm.title, "good", f"{installed[0]} {importlib.metadata.version(installed[0])}")
    advice = f"pip install 'spark-jobs[{algorithm.extra}]'"
    return Finding(algorithm.title, "bad" if is_needed else "poor", "not installed", advice)

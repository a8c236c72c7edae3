"""All checks of this machine that need no Spark session."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from spark_jobs.diagnostics.finding import Finding, run_check
from spark_jobs.diagnostics.java import check_class_archive, check_jars, check_java
from spark_jobs.diagnostics.packages import check_algorithm_package, check_python, check_spark_packages
from spark_jobs.diagnostics.resources import check_folder, check_memory
from spark_jobs.diagnostics.tracking_store import check_tracking_store
from spark_jobs.models import algorithm_kinds, find
from spark_jobs.spec import Environment, Spec


def check_machine(env: Environment, spec: Spec | None = None) -> Iterator[Finding]:
    """Yield a finding for each requirement of jobs, and for the packages that algorithms need.

    Args:
        env: The environment.
        spec: A spec whose requirements are checked as well.
    """
    root = Path(env.root).expanduser().resolve()
    uri = spec.track.uri if spec else "sqlite"
    yield check_python(sys.version_info[:3])
    yield run_check("Packages", check_spark_packages)
    yield run_check("Java", check_java)
    yield run_check("Delta's jars", check_jars)
    yield run_check("Quick start", check_class_archive)
    yield check_memory(env.memory, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    yield run_check("Folder", lambda: check_folder(root))
    yield run_check("MLflow", lambda: check_tracking_store(uri, root))
    for kind in algorithm_kinds():
        if find(kind).package:
            yield check_algorithm_package(find(kind), is_needed=spec is not None and spec.model.kind == kind)

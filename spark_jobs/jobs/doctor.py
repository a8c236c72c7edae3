"""doctor: check the requirements of jobs on this machine and advise how to fix what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Literal

from spark_jobs import progress
from spark_jobs.errors import JobError, SparkJobsError, format_list
from spark_jobs.jobs.result import Result
from spark_jobs.models import Algorithm, algorithm_kinds, find
from spark_jobs.runtime import jars, session
from spark_jobs.spec import Environment, Spec

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

State = Literal["good", "poor", "bad"]
_MARK = {"good": "ok  ", "poor": "note", "bad": "FAIL"}
_GIB = 2**30
_PATIENCE = 20.0


@dataclass(frozen=True)
class Finding:
    """The result of one check; `advice` says how to fix it."""

    name: str
    state: State
    found: str
    advice: str = ""

    def line(self) -> str:
        """Return the finding as shown in the terminal."""
        return f"{_MARK[self.state]}  {self.name:<14} {self.found}" + (
            f"\n      {'':<14} {self.advice}" if self.advice else ""
        )


def run(env: Environment, spec: Spec | None = None, spark: SparkSession | None = None) -> Result:
    """Check the requirements of jobs on this machine; start Spark only if all quick checks pass.

    `spark` is a session that is open already; without one, a session is opened and closed again.

    Raises:
        JobError: A requirement is not met; the message lists all of them, the advice how to fix them.
    """
    with progress.phase("looking"):
        findings = list(_quick(env, spec))
    if all(finding.state != "bad" for finding in findings):
        findings.append(_guarded("Python workers", lambda: _workers(env, spark)))
    lines = tuple(finding.line() for finding in findings)
    bad = [finding for finding in findings if finding.state == "bad"]
    if bad:
        for line in lines:
            progress.note(line)
        cause = "; ".join(f"{finding.name}: {finding.found.rstrip('.')}" for finding in bad)
        raise JobError(f"Jobs cannot run here. {cause}.", " ".join(finding.advice for finding in bad))
    told = [{"name": each.name, "state": each.state, "found": each.found, "advice": each.advice} for each in findings]
    return Result(job="doctor", summary=lines, extra={"checks": told})


def _quick(env: Environment, spec: Spec | None) -> Iterator[Finding]:
    root = Path(env.root).expanduser().resolve()
    yield _python(sys.version_info[:3])
    yield _guarded("Packages", _packages)
    yield _guarded("Java", _java)
    yield _guarded("Delta's jars", _jars)
    yield _guarded("Quick start", _archive)
    yield _memory(env.memory, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    yield _guarded("Folder", lambda: _folder(root))
    yield _guarded("MLflow", lambda: _mlflow(spec.track.uri if spec else "sqlite", root))
    for kind in algorithm_kinds():
        if find(kind).package:
            yield package_finding(find(kind), is_needed=spec is not None and spec.model.kind == kind)


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except SparkJobsError as error:
        return Finding(name, "bad", error.message, error.advice)
    except Exception as error:
        return Finding(name, "bad", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


def _python(version: tuple[int, ...]) -> Finding:
    found = ".".join(str(part) for part in version)
    if version < (3, 11):
        return Finding(
            "Python", "bad", f"{found}; 3.11 or newer is required", "Create the environment with python3.11."
        )
    return Finding("Python", "good", f"{found}, {sys.executable}")


def _packages() -> Finding:
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


def _java() -> Finding:
    binary = jars.java()
    told = subprocess.run([str(binary), "-version"], capture_output=True, text=True, check=True, timeout=30).stderr
    match = re.search(r'version "(\d+)[^"]*"', told)
    if match is None or int(match[1]) not in (17, 21):
        shown = match[0] if match else "unknown version"
        return Finding(
            "Java", "bad", f"{shown} at {binary}; Spark needs 17 or 21", "Set JAVA_HOME to a Java 17 installation."
        )
    return Finding("Java", "good", f"{match[0].removeprefix('version ').strip(chr(34))}, {binary}")


def _jars() -> Finding:
    missing = jars.missing_jars()
    if missing:
        names = format_list((jar.name for jar in missing), 3)
        return Finding(
            "Delta's jars", "bad", f"{len(missing)} missing: {names}", f"{_command('spark_jobs.runtime.jars')}"
        )
    return Finding("Delta's jars", "good", f"{len(jars.pinned())} in {jars.cache_folder() / 'jars'}")


def _archive() -> Finding:
    if jars.archive_path().is_file():
        return Finding("Quick start", "good", "the class archive exists")
    command = _command("spark_jobs.runtime.class_archive")
    advice = f"The next local job creates it in the background; to create it now: {command}"
    return Finding("Quick start", "poor", "no class archive: Spark starts more slowly", advice)


def _memory(asked: str, there: int) -> Finding:
    wanted = int(asked[:-1]) * 1024 ** ("kmgt".index(asked[-1].lower()) + 1)
    found = f"{asked} for Spark of {there / _GIB:.1f} GiB"
    if wanted > 0.9 * there:
        advice = f"Set `memory: {max(1, there // _GIB // 2)}g` in conf/env."
        return Finding("Memory", "bad" if wanted > there else "poor", found, advice)
    return Finding("Memory", "good", found)


def _folder(root: Path) -> Finding:
    there = next(place for place in (root, *root.parents) if place.exists())
    free = shutil.disk_usage(there).free
    found = f"{root}, {free / _GIB:.1f} GiB free"
    if not os.access(there, os.W_OK):
        return Finding("Folder", "bad", f"{there} is not writable", "Set `root` in conf/env to a writable folder.")
    if free < 5 * _GIB:
        return Finding("Folder", "bad" if free < _GIB else "poor", found, "Free disk space, or set `root` in conf/env.")
    return Finding("Folder", "good", found)


def _mlflow(uri: str, root: Path) -> Finding:
    from spark_jobs.registry.tracking import Tracking, mlflow_client

    tracking = Tracking(uri, str(root))
    if tracking.local and not (root / "mlflow.db").exists():
        return Finding("MLflow", "good", f"a new store at {root / 'mlflow.db'}")
    if tracking.address.startswith("sqlite:///"):
        file = tracking.address.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA user_version")
    _within(_PATIENCE, lambda: mlflow_client(tracking).search_experiments(max_results=1))
    return Finding("MLflow", "good", tracking.address)


def _within(seconds: float, ask: Callable[[], object]) -> None:
    # MLflow retries an unreachable store for minutes; the daemon thread is abandoned.
    answers: Queue[Exception | None] = Queue()

    def work() -> None:
        try:
            ask()
            answers.put(None)
        except Exception as error:
            answers.put(error)

    Thread(target=work, daemon=True).start()
    try:
        failed = answers.get(timeout=seconds)
    except Empty:
        raise JobError(
            f"no answer within {seconds:.0f} s", "Check `track.uri` and whether the server is running."
        ) from None
    if failed is not None:
        raise failed


def package_finding(algorithm: Algorithm, is_needed: bool) -> Finding:
    """Look for the package that an algorithm needs; a missing one is bad only if the spec asks for the algorithm."""
    installed = importlib.metadata.packages_distributions().get(algorithm.package, [])
    if installed:
        return Finding(algorithm.title, "good", f"{installed[0]} {importlib.metadata.version(installed[0])}")
    advice = f"pip install 'spark-jobs[{algorithm.extra}]'"
    return Finding(algorithm.title, "bad" if is_needed else "poor", "not installed", advice)


def _workers(env: Environment, given: SparkSession | None) -> Finding:
    with progress.phase("trying Spark"):
        spark = given or session.open(env)
        try:
            told = {row.told for row in spark.range(2).mapInArrow(_introduce, "told string").collect()}
        finally:
            if given is None:
                session.close(spark)
    if len(told) != 1:
        return Finding("Python workers", "bad", f"differ: {', '.join(sorted(told))}", "Set PYSPARK_PYTHON.")
    return Finding("Python workers", "good", told.pop())


def _introduce(batches: Iterator[object]) -> Iterator[object]:
    import platform

    import pyarrow as pa

    for _ in batches:
        yield pa.RecordBatch.from_pydict({"told": [f"Python {platform.python_version()}, pyarrow {pa.__version__}"]})


def _command(module: str) -> str:
    return f"{sys.executable} -m {module}"

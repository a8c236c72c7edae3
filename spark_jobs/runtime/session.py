"""Opening and closing the Spark session; the only module that accesses the JVM."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from select import select
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from spark_jobs import progress
from spark_jobs.errors import JobError
from spark_jobs.runtime import closing, jars
from spark_jobs.runtime.settings import DELTA, SQL, TYPES, asked_for, is_local, log_level, settings_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs import spec

_preparing: dict[str, Any] = {}


class Status(NamedTuple):
    """Spark's progress: the number of running stages, and their completed and total tasks."""

    stages: int
    done: int
    total: int


class JobCount:
    """The number of Spark jobs that a block of code started; None on Spark Connect, which does not report it."""

    count: int | None = None


def open(env: spec.Environment, connectors: Sequence[str] = (), lasting: bool = False) -> SparkSession:
    """Return the session for `env`: a new local one, or the one that spark-submit, Connect or Databricks provides.

    Args:
        connectors: The connectors that the session needs, each a lock file in `runtime/connectors`, or its path.
        lasting: Whether the session runs for hours, as a stream does.

    Raises:
        JobError: Java or Spark did not start, or a pinned jar or a connector is missing.
    """
    thread = _preparing.pop("thread", None)
    if thread is not None:
        thread.join()
        if "error" in _preparing:
            raise _preparing.pop("error")
    spark = _given(env, connectors) if is_given() else _started(env, connectors, lasting)
    _set_for_learners(spark)
    progress.watch(lambda: status(spark))
    return spark


def open_in_background(env: spec.Environment, connectors: Sequence[str] = (), lasting: bool = False) -> None:
    """Start to open the session in the background, so that `open` finds it ready; `open` raises a failure."""
    if is_given() or "thread" in _preparing:
        return
    import_module("pyspark.sql")  # concurrent imports in two threads would see it partially initialized
    import_module(
        "concurrent.futures.thread"
    )  # importing it while the Java process is forked reports an error about its lock

    def work() -> None:
        try:
            _started(env, connectors, lasting)
        except Exception as error:
            _preparing["error"] = error

    _preparing["thread"] = threading.Thread(target=work, name="session", daemon=True)
    _preparing["thread"].start()


def close(spark: SparkSession) -> None:
    """Stop a session that `open` started; a provided session is left to its owner."""
    progress.watch(None)
    closing.clean_up()
    if is_given():
        return
    spark.stop()
    if "SPARK_JOBS_RECORD" in os.environ:
        _end_jvm()


def status(spark: SparkSession) -> Status | None:
    """Return Spark's progress; None if the session cannot report it (Spark Connect)."""
    if not _is_classic(spark):
        return None
    tracker = spark.sparkContext.statusTracker()
    stages = [info for number in tracker.getActiveStageIds() if (info := tracker.getStageInfo(number)) is not None]
    return Status(len(stages), sum(s.numCompletedTasks for s in stages), sum(s.numTasks for s in stages))


@contextmanager
def counting_jobs(spark: SparkSession) -> Iterator[JobCount]:
    """Count the Spark jobs, of all threads, that start within the block; read `.count` after it."""
    counted = JobCount()
    before = _jobs_so_far(spark)
    yield counted
    after = _jobs_so_far(spark)
    counted.count = after - before if before is not None and after is not None else None


def is_given() -> bool:
    """Return whether spark-submit, Connect or Databricks provides the session."""
    remote = os.environ.get("SPARK_REMOTE", "")
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ or "DATABRICKS_RUNTIME_VERSION" in os.environ
    return submitted or (bool(remote) and not remote.startswith("local"))


def _is_classic(spark: SparkSession) -> bool:
    return not type(spark).__module__.startswith("pyspark.sql.connect")


def _given(env: spec.Environment, connectors: Sequence[str]) -> SparkSession:
    from pyspark.sql import SparkSession

    if "PYSPARK_GATEWAY_PORT" in os.environ and "DATABRICKS_RUNTIME_VERSION" not in os.environ:
        spark = SparkSession.builder.config(map=dict[str, Any](DELTA)).getOrCreate()
        _need(spark, None)
        for connector in connectors:
            _need(spark, connector)
    else:
        spark = SparkSession.builder.getOrCreate()
    for key, value in (SQL | asked_for(env)).items():
        if spark.conf.isModifiable(key):
            spark.conf.set(key, value)
    return spark


def _set_for_learners(spark: SparkSession) -> None:
    """Set the thread's local property, which Spark ML's own jobs read instead of the SQL session's settings."""
    if _is_classic(spark):
        spark.sparkContext.setLocalProperty(TYPES, SQL[TYPES])


def _need(spark: SparkSession, connector: str | None) -> None:
    jvm: Any = spark._jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    try:
        loader.loadClass(DELTA["spark.sql.extensions"] if connector is None else jars.main_class(connector))
    except Exception as error:
        raise JobError(
            f"The session of spark-submit has no jar for {connector or 'Delta'}.",
            f"Submit with --packages {jars.package(connector)}, separated from other packages by a comma.",
        ) from error


def _started(env: spec.Environment, connectors: Sequence[str], lasting: bool) -> SparkSession:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    settings = settings_of(env, connectors, lasting)
    _set_up_process(env)
    builder = SparkSession.builder.config(map=dict[str, Any](settings))
    try:
        if "SPARK_REMOTE" not in os.environ:
            _launch(settings, _log_file(env))
        return builder.getOrCreate()
    except PySparkException as error:
        raise JobError(
            f"Spark did not start: {_last_words(env) or error}.", "Run `spark-jobs doctor` to find the cause."
        ) from error


def _log_file(env: spec.Environment) -> Path | None:
    return None if log_level() else Path(env.root).resolve() / "logs" / f"spark-{os.getpid()}.log"


def _set_up_process(env: spec.Environment) -> None:
    # If Java dies, this thread of PySpark would print a traceback in addition to our one-line message.
    accumulators: Any = import_module("pyspark.accumulators")
    accumulators.AccumulatorTCPServer.handle_error = lambda *_: None
    # It checks once a second whether the session has ended, and every job would wait for that.
    accumulators.select = SimpleNamespace(select=lambda r, w, x, _: select(r, w, x, 0.05))
    os.environ.setdefault("SPARK_HOME", str(jars.spark_home()))
    os.environ.setdefault("SPARK_LAUNCHER_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    if is_local(env):
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    else:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def _launch(settings: dict[str, str], log: Path | None) -> None:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    if SparkContext._gateway is not None:
        return
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    with _jvm_output(log) as streams:
        gateway: Any = launch_gateway(conf, streams)  # type: ignore[no-untyped-call]
    SparkContext(conf=conf, gateway=gateway)


@contextmanager
def _jvm_output(log: Path | None) -> Iterator[dict[str, Any]]:
    # Standard output is reserved for our output: the JVM's output goes to its log file or to standard error.
    progress.log_to(log)
    if log is None:
        yield {"stdout": 2}
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        yield {"stdout": out, "stderr": out}


def _last_words(env: spec.Environment) -> str:
    log = _log_file(env)
    lines = log.read_text(errors="replace").splitlines() if log is not None and log.is_file() else []
    told = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("at ")]
    first = next((place for place, line in enumerate(told) if "rror" in line or "xception" in line), len(told))
    return " ".join(told[first : first + 2]).rstrip(".")[:300]


def _jobs_so_far(spark: SparkSession) -> int | None:
    if not _is_classic(spark):
        return None
    return int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs())


def _end_jvm() -> None:
    # Java writes the class archive when it exits, and the recording process waits for that.
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None and gateway.proc is not None:
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=300)

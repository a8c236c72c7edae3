"""The one place that opens a Spark session and touches its JVM."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from select import select
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from spark_jobs import jars, progress
from spark_jobs.errors import JobError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs import spec

_DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
# Unset, Spark 4.2 looks it up anew, down to the process's environment, for every value that a UDF returns.
_TYPES = "spark.sql.types.framework.enabled"
# Settings of the SQL session: good anywhere, and all that Spark Connect lets a client set.
_SQL = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.databricks.delta.snapshotPartitions": "2",
    # Java neither inlines into a method of more than 8,000 bytes nor compiles it unless told to: let Spark split it.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    _TYPES: "false",
}
# Most methods of a job of a minute are never worth compiling: Java waits for more calls than it usually does.
_PATIENT_COMPILER = (
    "-XX:Tier3InvocationThreshold=1000",
    "-XX:Tier3MinInvocationThreshold=500",
    "-XX:Tier3CompileThreshold=4000",
    "-XX:Tier3BackEdgeThreshold=60000",
    "-XX:Tier4InvocationThreshold=40000",
    "-XX:Tier4MinInvocationThreshold=8000",
    "-XX:Tier4CompileThreshold=100000",
    "-XX:Tier4BackEdgeThreshold=400000",
)
_LEVELS = ("error", "warn", "info", "debug")
_preparing: dict[str, Any] = {}


class Status(NamedTuple):
    """What Spark is doing now: running stages, and their tasks done and in all."""

    stages: int
    done: int
    total: int


class JobCount:
    """The number of Spark jobs that a block of code started; None on Spark Connect, which does not say."""

    count: int | None = None


def open(env: spec.Environment) -> SparkSession:
    """The session that `env` asks for: a new one here, or the one that spark-submit, Connect or Databricks gives.

    Raises:
        JobError: Java, Delta's jars or Spark itself could not be started.
    """
    thread = _preparing.pop("thread", None)
    if thread is not None:
        thread.join()
        if "error" in _preparing:
            raise _preparing.pop("error")
    spark = _given(env) if _is_given() else _started(env)
    _set_for_learners(spark)
    progress.watch(lambda: status(spark))
    return spark


def prepare(env: spec.Environment) -> None:
    """Begins to open the session in the background, so that `open` finds it ready; a failure is raised there."""
    if _is_given() or "thread" in _preparing:
        return
    import_module("pyspark.sql")  # two threads that import it at once find it half made
    import_module("concurrent.futures.thread")  # imported while Java's process is forked off, it complains of its lock

    def work() -> None:
        try:
            _started(env)
        except Exception as error:
            _preparing["error"] = error

    _preparing["thread"] = threading.Thread(target=work, name="session", daemon=True)
    _preparing["thread"].start()


def close(spark: SparkSession) -> None:
    """Ends a session that `open` started; one that was given to us is left to its owner."""
    progress.watch(None)
    if _is_given():
        return
    spark.stop()
    if "SPARK_JOBS_RECORD" in os.environ:
        _end_jvm()


def status(spark: SparkSession) -> Status | None:
    """What Spark is doing right now; None where the session cannot say (Spark Connect)."""
    if not _is_classic(spark):
        return None
    tracker = spark.sparkContext.statusTracker()
    stages = [info for number in tracker.getActiveStageIds() if (info := tracker.getStageInfo(number)) is not None]
    return Status(len(stages), sum(s.numCompletedTasks for s in stages), sum(s.numTasks for s in stages))


@contextmanager
def counting_jobs(spark: SparkSession) -> Iterator[JobCount]:
    """Counts the Spark jobs, of all threads, that start within the block; read `.count` after it."""
    counted = JobCount()
    before = _jobs_so_far(spark)
    yield counted
    after = _jobs_so_far(spark)
    counted.count = after - before if before is not None and after is not None else None


def fetch_jars() -> tuple[Path, ...]:
    """Delta's jars as local files; see `spark_jobs.jars.fetch`."""
    return jars.fetch()


def _is_given() -> bool:
    remote = os.environ.get("SPARK_REMOTE", "")
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ or "DATABRICKS_RUNTIME_VERSION" in os.environ
    return submitted or (bool(remote) and not remote.startswith("local"))


def _is_classic(spark: SparkSession) -> bool:
    return not type(spark).__module__.startswith("pyspark.sql.connect")


def _given(env: spec.Environment) -> SparkSession:
    from pyspark.sql import SparkSession

    if "PYSPARK_GATEWAY_PORT" in os.environ and "DATABRICKS_RUNTIME_VERSION" not in os.environ:
        spark = SparkSession.builder.config(map=dict[str, Any](_DELTA)).getOrCreate()
        _need_delta(spark)
    else:
        spark = SparkSession.builder.getOrCreate()
    for key, value in (_SQL | _asked(env)).items():
        if spark.conf.isModifiable(key):
            spark.conf.set(key, value)
    return spark


def _set_for_learners(spark: SparkSession) -> None:
    """Spark ML's own jobs know nothing of the SQL session's settings, only of the properties of the thread."""
    if _is_classic(spark):
        spark.sparkContext.setLocalProperty(_TYPES, _SQL[_TYPES])


def _need_delta(spark: SparkSession) -> None:
    jvm: Any = spark._jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    try:
        loader.loadClass(_DELTA["spark.sql.extensions"])
    except Exception as error:
        delta = next(jar for jar in jars.pinned() if jar.name.startswith("delta-spark"))
        raise JobError(
            "The session that spark-submit gave has no Delta.",
            f"Submit with --packages {delta.group}:{delta.name}:{delta.version}.",
        ) from error


def _started(env: spec.Environment) -> SparkSession:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    settings = _settings(env)
    _set_up_process(env)
    builder = SparkSession.builder.config(map=dict[str, Any](settings))
    try:
        if "SPARK_REMOTE" not in os.environ:
            _launch(settings, _log_file(env))
        return builder.getOrCreate()
    except PySparkException as error:
        raise JobError(
            f"Spark did not start: {_last_words(env) or error}.", "`spark-jobs doctor` looks for the cause."
        ) from error


def _settings(env: spec.Environment) -> dict[str, str]:
    files = [str(path) for path in jars.fetch()]
    settings = {**_SQL, **_DELTA, "spark.ui.showConsoleProgress": "false", "spark.driver.memory": env.memory}
    settings["spark.sql.warehouse.dir"] = str(Path(env.root).resolve() / "warehouse")
    settings["spark.driver.extraJavaOptions"] = _java_options()
    if _is_local(env):
        settings |= {
            "spark.master": env.master or "local[*]",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": str(_cores(env.master or "local[*]")),
            "spark.driver.extraClassPath": os.pathsep.join(files),
        }
    else:
        settings |= {"spark.master": env.master or "", "spark.jars": ",".join(files)}
    return settings | _asked(env)


def _asked(env: spec.Environment) -> dict[str, str]:
    return {key: _spark_text(value) for key, value in env.spark.items()}


def _spark_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_local(env: spec.Environment) -> bool:
    return env.master is None or env.master.startswith("local")


def _cores(master: str) -> int:
    asked = master.removeprefix("local").strip("[]").split(",")[0]
    if asked == "*":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(asked) if asked.isdigit() else 1


def _java_options() -> str:
    log4j = Path(__file__).with_name("log4j2.properties").as_uri()
    options = [
        "-XX:+UseParallelGC",
        *_PATIENT_COMPILER,
        f"-Dlog4j2.configurationFile={log4j}",
        f"-Dspark_jobs.log={_log_level() or 'error'}",
    ]
    archive = jars.archive_path()
    if "SPARK_JOBS_RECORD" in os.environ:
        options.append(f"-XX:ArchiveClassesAtExit={os.environ['SPARK_JOBS_RECORD']}")
    elif archive.is_file():
        options += [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]
    # The JVM writes its own remarks (a stale archive, say) to standard output, which is ours.
    return " ".join([*options, "-Xlog:disable"])


def _log_level() -> str | None:
    asked = os.environ.get("SPARK_JOBS_LOG", "").lower()
    if not asked:
        return None
    return asked if asked in _LEVELS else "info"


def _log_file(env: spec.Environment) -> Path | None:
    return None if _log_level() else Path(env.root).resolve() / "logs" / f"spark-{os.getpid()}.log"


def _set_up_process(env: spec.Environment) -> None:
    # Where Java dies, this thread of PySpark's would print a traceback beside our one line.
    accumulators: Any = import_module("pyspark.accumulators")
    accumulators.AccumulatorTCPServer.handle_error = lambda *_: None
    # It looks for the end of the session once a second, which every job would wait for.
    accumulators.select = SimpleNamespace(select=lambda r, w, x, _: select(r, w, x, 0.05))
    os.environ.setdefault("SPARK_HOME", str(jars.spark_home()))
    os.environ.setdefault("SPARK_LAUNCHER_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    if _is_local(env):
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
    # Standard output is ours alone: what the JVM prints goes to its log file, or beside our own messages.
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
    # Java writes the archive as it ends; whoever asked for it waits for that.
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None and gateway.proc is not None:
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=300)

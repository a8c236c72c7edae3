"""Settings with which a session is started: Spark's properties and Java's options."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from spark_jobs import spec
from spark_jobs.runtime import jars
from spark_jobs.runtime.timestamps import MICROSECONDS

DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
# If unset, Spark 4.2 looks it up for every value that a UDF returns, down to the process's environment.
TYPES = "spark.sql.types.framework.enabled"
# Settings of the SQL session: valid everywhere, and the only ones that a Spark Connect client may set.
SQL = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # After a Python function that reads Parquet, Spark 4.2 converts rows to columns again: slower than without.
    "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled": "false",
    "spark.databricks.delta.snapshotPartitions": "1",
    # To name a line of Python in messages, every call of a Column method makes five more calls to Java.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    # By default, Java neither compiles nor inlines into methods of more than 8,000 bytes, so Spark should split them.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    TYPES: "false",
    **MICROSECONDS,
}
# Most methods of a one-minute job are not worth compiling, so Java waits for more calls than by default.
_PATIENT_COMPILER = (
    "-XX:Tier3InvocationThreshold=1000",
    "-XX:Tier3MinInvocationThreshold=500",
    "-XX:Tier3CompileThreshold=4000",
    "-XX:Tier3BackEdgeThreshold=60000",
    "-XX:Tier4InvocationThreshold=40000",
    "-XX:Tier4MinInvocationThreshold=8000",
    "-XX:Tier4CompileThreshold=100000",
    "-XX:Tier4BackEdgeThreshold=400000",
    # Less inlining halves the compiler's time, and rows are processed as fast.
    "-XX:MaxInlineLevel=6",
    "-XX:InlineSmallCode=1000",
    "-XX:FreqInlineSize=120",
)
_LEVELS = ("error", "warn", "info", "debug")


def settings_of(env: spec.Environment, connectors: Sequence[str] = (), lasting: bool = False) -> dict[str, str]:
    """Return all settings of a session that this process starts.

    Args:
        lasting: Whether the session runs for hours, as a stream does. Java then compiles as by default. Adaptive query
            execution is off, because the plans of a micro-batch are short.
    """
    files = [str(path) for path in jars.fetch()]
    added = [str(path) for connector in connectors for path in jars.fetch(connector)]
    settings = {**SQL, **DELTA, "spark.ui.showConsoleProgress": "false", "spark.driver.memory": env.memory}
    settings["spark.sql.warehouse.dir"] = str(Path(env.root).resolve() / "warehouse")
    settings["spark.driver.extraJavaOptions"] = _java_options(lasting)
    settings |= {"spark.sql.adaptive.enabled": "false"} if lasting else {}
    if is_local(env):
        settings |= {
            "spark.master": env.master or "local[*]",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": str(_cores(env.master or "local[*]")),
            "spark.driver.extraClassPath": os.pathsep.join(files),
        }
        # A connector's jar before Spark's own jars on the class path would invalidate the class archive.
        settings |= {"spark.jars": ",".join(added)} if added else {}
    else:
        settings |= {"spark.master": env.master or "", "spark.jars": ",".join(files + added)}
    return settings | asked_for(env)


def asked_for(env: spec.Environment) -> dict[str, str]:
    """Return the environment's Spark settings as text."""
    return dict(env.spark)


def is_local(env: spec.Environment) -> bool:
    """Return whether Spark runs in a local process."""
    return env.master is None or env.master.startswith("local")


def _cores(master: str) -> int:
    asked = master.removeprefix("local").strip("[]").split(",")[0]
    if asked == "*":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(asked) if asked.isdigit() else 1


def is_tuned() -> bool:
    """Return whether start-up tuning (class archive, compiler settings) is on; `SPARK_JOBS_TUNING=off` disables it."""
    return os.environ.get("SPARK_JOBS_TUNING", "on").lower() not in ("off", "0", "false")


def _java_options(lasting: bool) -> str:
    log4j = Path(__file__).with_name("log4j2.properties").as_uri()
    options = [
        "-XX:+UseParallelGC",
        *(() if lasting or not is_tuned() else (*_PATIENT_COMPILER, *_planning_uncompiled())),
        *_archive_options(),
        f"-Dlog4j2.configurationFile={log4j}",
        f"-Dspark_jobs.log={log_level() or 'error'}",
    ]
    # The JVM logs its own warnings, such as a stale archive, to standard output, which is reserved for our output.
    return " ".join([*options, "-Xlog:disable"])


def _archive_options() -> list[str]:
    if recorded := os.environ.get("SPARK_JOBS_RECORD"):
        return [f"-XX:ArchiveClassesAtExit={recorded}"]
    archive = jars.archive_path()
    return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"] if is_tuned() and archive.is_file() else []


def _planning_uncompiled() -> list[str]:
    """Return options that keep the optimizing compiler from query planning, which runs once per query."""
    directives = Path(__file__).with_name("compiler.json")
    return ["-XX:+UnlockDiagnosticVMOptions", f"-XX:CompilerDirectivesFile={directives}"]


def log_level() -> str | None:
    """Return the level of Spark's log on the terminal; None if only errors are logged, to a file."""
    asked = os.environ.get("SPARK_JOBS_LOG", "").lower()
    if not asked:
        return None
    return asked if asked in _LEVELS else "info"

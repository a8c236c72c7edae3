"""The preprocessing fit alone, warm and interleaved: ours, plain Spark ML, a noop write of all columns."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path
from statistics import median

from pyspark.sql import SparkSession

from benchmarks import baseline, preparing
from benchmarks.interleave import environment, interleave, noop, ratio
from benchmarks.tables import categorical_names, generated, numeric_names
from spark_jobs.runtime import session

ROWS, NUMERIC, CATEGORICAL = 1_000_000, 20, 8
WIDTHS = (10, 100, 1000)


def run(rounds: int, rows: int = ROWS) -> None:
    """Measure, and print each figure beside its target."""
    with tempfile.TemporaryDirectory() as folder:
        spark = session.open(environment(folder))
        try:
            _speed(spark, Path(folder), rows, rounds)
            _job_counts(spark, Path(folder))
            _memory(spark, Path(folder), rows)
        finally:
            session.close(spark)


def _speed(spark: SparkSession, folder: Path, rows: int, rounds: int) -> None:
    table = generated(spark, folder, rows, NUMERIC, CATEGORICAL)
    ready = preparing.prepared(table)
    seconds = interleave(
        {
            "ours": lambda: preparing.fit(ready),
            "baseline": lambda: baseline.fit(table, numeric_names(NUMERIC), categorical_names(CATEGORICAL)),
            "noop write": lambda: noop(table),
            "duplicates, ours": lambda: preparing.repeated(ready),
            "dropDuplicates": lambda: noop(table.dropDuplicates()),
            "looking at types": lambda: preparing.prepared(table),
        },
        rounds,
    )
    print(f"\n{rows:,} rows, {NUMERIC} numeric and {CATEGORICAL} categorical columns, seconds (median of {rounds}):\n")
    print("\n".join(f"- {name}: {median(times):.2f}" for name, times in seconds.items()))
    print()
    _verdict("fit, ours / baseline", ratio(seconds["ours"], seconds["baseline"]), 0.35)
    _verdict("fit, ours / noop write", ratio(seconds["ours"], seconds["noop write"]), 4.5)
    _verdict("duplicates, ours / dropDuplicates", ratio(seconds["duplicates, ours"], seconds["dropDuplicates"]), 0.3)


def _job_counts(spark: SparkSession, folder: Path) -> None:
    counts = {}
    for width in WIDTHS:
        table = generated(spark, folder, 2_000, width, 0)
        ready = preparing.prepared(table)
        with session.counting_jobs(spark) as ours:
            preparing.fit(ready)
        with session.counting_jobs(spark) as theirs:
            baseline.fit(table, numeric_names(width), [])
        counts[width] = (ours.count, theirs.count)
    print("\n| columns | Spark jobs, ours | Spark jobs, baseline |\n|---|---|---|")
    print("\n".join(f"| {width} | {own} | {other} |" for width, (own, other) in counts.items()))
    constant = len({own for own, _ in counts.values()}) == 1
    print(f"\nA constant number of jobs: {'reached' if constant else 'MISSED'}.")


def _memory(spark: SparkSession, folder: Path, rows: int) -> None:
    print("\n| rows | JVM heap in use after a collection, MiB | Python's peak, MiB |\n|---|---|---|")
    for times in (1, 10):
        ready = preparing.prepared(generated(spark, folder, rows * times, NUMERIC, CATEGORICAL))
        preparing.fit(ready)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {rows * times:,} | {_heap(spark) / 2**20:.0f} | {peak:.0f} |", flush=True)


def _heap(spark: SparkSession) -> int:
    jvm = spark.sparkContext._jvm
    jvm.java.lang.System.gc()
    runtime = jvm.java.lang.Runtime.getRuntime()
    return int(runtime.totalMemory() - runtime.freeMemory())


def _verdict(name: str, reached: float, target: float) -> None:
    print(f"- {name}: {reached:.2f}, to reach at most {target:.2f}: {'reached' if reached <= target else 'MISSED'}")

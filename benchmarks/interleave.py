"""Jobs that are interleaved, so that a noisy minute hits them all; the first round warms up and does not count."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from pyspark.sql import DataFrame

import spark_jobs
from spark_jobs.spec import Environment

_LOG4J = Path(spark_jobs.__file__).parent / "runtime" / "log4j2.properties"
# In the session of a job Java compiles late and little (`settings.py`); peers that run beside us get Java as it comes.
JAVA = "-XX:+UseParallelGC -Dspark_jobs.log=error -Dlog4j2.configurationFile=" + _LOG4J.as_uri()


def environment(root: str) -> Environment:
    """An environment below `root` whose session leaves Java's compilers alone, which no spec may ask for."""
    return Environment.model_construct(root=root, spark={"spark.driver.extraJavaOptions": JAVA})


def interleave(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each job in each round that counts."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds + 1):
        for name, job in jobs.items():
            start = time.monotonic()
            job()
            spent = time.monotonic() - start
            if number:
                seconds[name].append(spent)
            print(f"round {number} of {rounds}: {name} {spent:.2f} s", file=sys.stderr, flush=True)
    return seconds


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median over the rounds of one job's seconds over another's."""
    return median(a / b for a, b in zip(one, other, strict=True))


def noop(rows: DataFrame) -> None:
    """Compute all columns of all rows and write them nowhere."""
    rows.write.format("noop").mode("overwrite").save()

"""Ours, as people run it: `spark-jobs run SPEC`; the number of its Spark jobs is read off before the session ends.

Run as `python -m benchmarks.ours SPEC ROOT [train] [--set …]`; the last line of its output is JSON.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.__main__ import exit_now
from spark_jobs.__main__ import main as spark_jobs
from spark_jobs.runtime import session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

counted: dict[str, int | None] = {}
_close = session.close


def _count_and_close(spark: SparkSession) -> None:
    counted["jobs"] = session._jobs_so_far(spark)
    _close(spark)


def main(spec: str, root: str, *settings: str) -> int:
    """Run the whole way with everything under `root`."""
    session.close = _count_and_close
    with tempfile.TemporaryDirectory() as folder:
        env = Path(folder) / "env"
        env.mkdir()
        (env / "local.yml").write_text(f"name: local\nroot: {json.dumps(root)}\nmemory: 4g\n")
        own = Path(folder) / Path(spec).name
        own.write_text(Path(spec).read_text(encoding="utf-8"), encoding="utf-8")
        with tempfile.TemporaryFile() as answer:
            verb, *rest = settings if settings[:1] == ("train",) else ("run", *settings)
            status, told = _run([verb, str(own), "--json", *rest], answer)
    print(json.dumps({**told, **counted}))
    return status


def _run(words: list[str], answer: io.BufferedRandom) -> tuple[int, dict[str, object]]:
    out = os.dup(1)
    os.dup2(answer.fileno(), 1)
    try:
        status = spark_jobs(words)
    finally:
        os.dup2(out, 1)
    answer.seek(0)
    return status, json.loads(answer.read().decode("utf-8").splitlines()[-1])


if __name__ == "__main__":
    exit_now(main(*sys.argv[1:]))

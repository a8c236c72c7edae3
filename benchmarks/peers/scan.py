"""(c) A bare scan: Spark starts, reads every cell of the file as text, and writes nowhere.

Run as `python -m benchmarks.peers.scan CSV ROOT`; the last line of its output is JSON.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.peers.plain import jobs_so_far, session


def main(path: str, root: str) -> None:
    """Scan once; `root` is not used."""
    spark = session()
    start = time.monotonic()
    spark.read.csv(path, header=True).write.format("noop").mode("overwrite").save()
    print(json.dumps({"seconds": {"scan": round(time.monotonic() - start, 2)}, "jobs": jobs_so_far(spark)}))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

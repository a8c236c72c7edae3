"""A topic → predictions of the flights model: rows a second, seconds from arrival to commit, seconds after a kill."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

PACKAGE = Path(__file__).parents[1]
FLIGHTS = PACKAGE / "data" / "flights.csv"
FLOOD, BATCH = 600_000, 120_002  # shared out by partition, and rounded down
PACE, SECONDS = 2_000, 300
TO_REACH = {"rows/s": 20_000.0, "p95 s": 3.0, "restart s": 20.0}
NUMBERS = {"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time",
           "arr_delay", "flight", "air_time", "distance", "hour", "minute"}  # fmt: skip


def run() -> None:
    """Measure, and print each figure beside what it is to reach."""
    sys.path.insert(0, str(PACKAGE / "tests"))
    from brokers import Broker

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "broker").mkdir()
        broker = Broker(folder / "broker")
        try:
            for verb in ("train", "promote"):
                _process(folder, "first", broker, verb).wait()
            rate = _flood(folder, broker)
            found = {"rows/s": rate, **_trickle(folder, broker)}
        finally:
            broker.stop()
    _print(found)


def _messages(number: int) -> Iterator[bytes]:
    with FLIGHTS.open(encoding="utf-8", newline="") as lines:
        rows = list(islice(csv.DictReader(lines), 100_000))
    for row in islice(cycle(rows), number):
        yield json.dumps({key: _cell(key, text) for key, text in row.items()}).encode()


def _cell(key: str, text: str) -> object:
    return None if text in ("", "NA") else float(text) if key in NUMBERS else text


def _process(folder: Path, topic: str, broker: Any, verb: str, *keys: str) -> subprocess.Popen[bytes]:
    """A `spark-jobs` process; the streams of several topics share the model and have tables of their own."""
    asked = {
        "name": "flights", "source": str(FLIGHTS), "target": "arr_delay",
        "columns": {"ignore": ["dep_time", "dep_delay", "arr_time", "air_time"]},
        "stream": {"source": {"kind": "kafka", "servers": broker.servers, "topic": topic},
                   "checkpoint": str(folder / "checkpoints" / topic)},
        "predictions": {"table": topic},
    }  # fmt: skip
    (folder / f"{topic}.yml").write_text(json.dumps(asked))
    settings = [word for key in keys for word in ("--set", key)]
    command = [sys.executable, "-m", "spark_jobs", verb, f"{topic}.yml", "--json", *settings]
    log = (folder / f"{topic}.log").open("ab")
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


def _commits(folder: Path, topic: str) -> list[tuple[float, int]]:
    """When each commit with rows was made, and its rows."""
    found = []
    for file in sorted((folder / "spark-jobs-data" / "tables" / topic / "_delta_log").glob("*.json")):
        told = [json.loads(line) for line in file.read_text().splitlines() if line.startswith('{"commitInfo"')]
        rows = int(told[0]["commitInfo"].get("operationMetrics", {}).get("numOutputRows", 0))
        if rows:
            found.append((told[0]["commitInfo"]["timestamp"] / 1000, rows))
    return found


def _flood(folder: Path, broker: Any) -> float:
    """Rows a second while more is there than can be scored; the first micro-batches warm Java up."""
    broker.topic("flood", partitions=2)
    broker.send("flood", _messages(FLOOD))
    _process(folder, "flood", broker, "stream", "stream.trigger=available_now", f"stream.rows={BATCH}").wait()
    commits = _commits(folder, "flood")
    assert sum(rows for _, rows in commits) == FLOOD, (folder / "flood.log").read_text()
    half = len(commits) // 2
    return sum(rows for _, rows in commits[half:]) / (commits[-1][0] - commits[half - 1][0])


def _trickle(folder: Path, broker: Any) -> dict[str, float]:
    """Seconds from arrival to commit at a steady pace, and from a kill's restart to the first commit after it."""
    broker.topic("trickle", partitions=2)
    sent: list[float] = []
    paced = threading.Thread(target=_pace, args=(broker, sent))
    running = _process(folder, "trickle", broker, "stream")
    _wait(lambda: (folder / "checkpoints" / "trickle" / "metadata").exists())
    paced.start()
    paced.join()
    _wait(lambda: sum(rows for _, rows in _commits(folder, "trickle")) == len(sent))
    ages = _ages(sent, _commits(folder, "trickle"))
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before, again = len(_commits(folder, "trickle")), time.time()
    broker.send("trickle", _messages(1_000))
    running = _process(folder, "trickle", broker, "stream")
    _wait(lambda: len(_commits(folder, "trickle")) > before)
    restart = _commits(folder, "trickle")[before][0] - again
    os.kill(running.pid, signal.SIGTERM)
    running.wait()
    warm = ages[20 * PACE :]
    return {
        "p95 s": quantiles(ages, n=20)[-1],
        "median s": median(ages),
        "p95 s after the first half minute": quantiles(warm, n=20)[-1],
        "restart s": restart,
    }


def _pace(broker: Any, sent: list[float]) -> None:
    producer, began = broker.producer(), time.time()
    for number, message in enumerate(_messages(PACE * SECONDS)):
        due = began + number / PACE
        if due > time.time():
            producer.poll(due - time.time())
        producer.produce("trickle", message)
        sent.append(time.time())
    producer.flush()


def _ages(sent: list[float], commits: list[tuple[float, int]]) -> list[float]:
    """Each message's seconds until the commit that brought as many rows as were sent by then; after the first ten.

    Java and Python warm up in the first half minute of a stream.
    """
    ages, place = [], 0
    for moment, rows in commits:
        ages += [moment - arrived for arrived in sent[place : place + rows]]
        place += rows
    return ages[10 * PACE :]


def _wait(reached: Any, patience: float = 180.0) -> None:
    deadline = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.1)


def _print(found: dict[str, float]) -> None:
    print("| topic → Delta, the flights model, 2 cores | found | to reach | |")
    print("|---|---|---|---|")
    for name, value in found.items():
        bound = TO_REACH.get(name)
        over = bound is not None and (value >= bound) == (name == "rows/s")
        print(f"| {name} | {value:,.1f} | {'' if bound is None else f'{bound:g}'} | {'reached' if over else ''} |")

"""A stream from a topic that is killed over and over: at the end every message is scored or in quarantine, once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from uuid import uuid4

import pytest
from cli_sandbox import driver, end_group, house, jvm, told

MESSAGES = 50_000
ROUNDS = int(os.environ.get("SPARK_JOBS_KILL_ROUNDS", "20"))
PREDICTIONS, QUARANTINE = "houses_predictions", "houses_quarantine"
PLACES = [f"{when}.{table}" for when in ("write", "written") for table in (PREDICTIONS, QUARANTINE)]
POISON = (
    None,
    b"not json",
    b"\xff\xfe\x00",
    b"[1, 2]",
    b'{"n": 1, "n": 2, "size": 3}',
    b'{"size": 1',
    b'{"elsewhere": 1}',
    b"[" * 3000 + b"]" * 3000,
)


class Numbers:
    """Numbered messages, one of a hundred poison, and where each came to lie."""

    def __init__(self, broker, topic, seed=11):
        self.broker, self.topic = broker, topic
        self.chance = random.Random(seed)
        self.good: set[int] = set()
        self.poison: set[str] = set()
        self.sent = 0

    def send(self, count):
        numbers = range(self.sent, self.sent + count)
        values = [self._value(number) for number in numbers]
        places = self.broker.send(self.topic, [value for _, value in values])
        for number, (bad, _), (partition, offset) in zip(numbers, values, places, strict=True):
            if bad:
                self.poison.add(f"{self.topic}/{partition}/{offset}")
            else:
                self.good.add(number)
        self.sent += count

    def _value(self, number):
        if self.chance.randrange(100) == 0:
            return True, self.chance.choice(POISON)
        cells = dict(zip(("n", "size", "kind", "price"), house(number, self.chance), strict=True))
        if self.chance.randrange(1000) == 0:
            cells["size"] = float("nan")
        return False, json.dumps(cells).encode()

    def check(self, work):
        assert work.scored() == dict.fromkeys(self.good, 1)
        refused = Counter(row["_source"] for row in work.table(QUARANTINE, ["_source"]))
        assert refused == dict.fromkeys(self.poison, 1)
        assert len(self.good) + len(self.poison) == self.sent


@pytest.fixture
def numbers(broker):
    return Numbers(broker, broker.topic(f"n-{uuid4().hex}"))


def streaming(work, numbers, **keys):
    source = {"kind": "kafka", "servers": numbers.broker.servers, "topic": numbers.topic}
    work.spec(source="old.csv", stream={"source": source, "trigger": "200 ms", **keys})


def drained(work):
    return told(work.start("stream", "--set", "stream.trigger=available_now"))


def killed(work, chance):
    """One life of the stream: to a place that it reaches, or to a moment; that it was alive is looked at first."""
    if chance.random() < 0.5:
        work.die(f"{chance.choice(('kill', 'kill-jvm', 'kill-group'))}@{chance.choice(PLACES)}", "stream")
        return
    begun = work.root / "checkpoints" / "houses" / "offsets"
    running, before = work.start("stream"), len(list(begun.glob("[0-9]*")))
    work.wait(lambda: len(list(begun.glob("[0-9]*"))) > before, running)
    time.sleep(chance.uniform(0, 3))
    assert running.poll() is None, running.communicate()
    chance.choice((driver, jvm, end_group))(running)
    running.communicate(timeout=60)
    end_group(running)


@pytest.mark.long
@pytest.mark.stream_kills
@pytest.mark.nightly
@pytest.mark.timeout(1500)
def test_killed_at_random_it_scores_or_quarantines_every_message_once(work, numbers):
    chance = random.Random(2026)
    streaming(work, numbers, rows=5_000)
    for _ in range(ROUNDS):
        sending = threading.Thread(target=numbers.send, args=(MESSAGES // ROUNDS,))
        sending.start()
        killed(work, chance)
        sending.join()
    drained(work)
    numbers.check(work)
    told_rows = [row for row in work.table("ledger", ["job", "written", "duplicates"]) if row["job"] == "stream"]
    assert sum(row["written"] - row["duplicates"] for row in told_rows) == len(numbers.good)


@pytest.mark.long
@pytest.mark.stream_kills
def test_without_its_checkpoint_it_goes_on_behind_what_its_tables_hold(work, numbers):
    streaming(work, numbers)
    numbers.send(300)
    drained(work)
    shutil.rmtree(work.root / "checkpoints")
    numbers.send(300)
    assert drained(work)["rows"]["read"] == 300
    numbers.check(work)


@pytest.mark.long
@pytest.mark.stream_kills
def test_cut_off_between_its_tables_and_robbed_of_its_checkpoint_it_still_finds_the_poison(work, numbers):
    streaming(work, numbers)
    numbers.send(300)
    drained(work)
    numbers.send(300)
    poison = len(numbers.poison)
    assert poison
    work.die(f"kill-group@write.{QUARANTINE}", "stream", "--set", "stream.trigger=available_now")
    assert len(work.table(QUARANTINE, ["_source"])) < poison
    shutil.rmtree(work.root / "checkpoints")
    numbers.send(200)
    # Killed once more before it has caught up, it has not forgotten what was known.
    work.die(f"kill-group@write.{PREDICTIONS}", "stream", "--set", "stream.trigger=available_now")
    drained(work)
    numbers.check(work)


@pytest.mark.long
@pytest.mark.stream_kills
@pytest.mark.nightly
def test_a_broker_that_dies_and_comes_back_costs_no_message_and_nobody_else_takes_the_checkpoint(work, numbers):
    streaming(work, numbers)
    numbers.send(500)
    running = work.start("stream")
    work.wait(lambda: sum(work.scored().values()) >= len(numbers.good), running)
    numbers.broker.kill()
    try:
        time.sleep(30)
        assert running.poll() is None
        second = work.start("stream")
        out, _ = second.communicate(timeout=120)
        assert second.returncode == 1
        assert json.loads(out)["error"]["message"].startswith("Another stream of 'houses' is running")
    finally:
        numbers.broker.start()
    numbers.send(500)
    work.wait(lambda: sum(work.scored().values()) >= len(numbers.good), running)
    began = time.monotonic()
    os.kill(running.pid, signal.SIGTERM)
    running.communicate(timeout=60)
    assert time.monotonic() - began < 30
    drained(work)
    numbers.check(work)


@pytest.mark.long
@pytest.mark.stream_kills
@pytest.mark.nightly
def test_messages_that_are_gone_before_they_were_read_stop_it_and_what_is_left_is_scored_under_another_name(
    work, numbers
):
    streaming(work, numbers)
    numbers.send(300)
    drained(work)
    before = work.scored()
    places = numbers.broker.send(
        numbers.topic, [json.dumps({"n": 900 + n, "size": 50, "kind": "flat"}) for n in range(20)], 0
    )
    numbers.broker.forget(numbers.topic, 0, places[5][1])
    running = work.start("stream", "--set", "stream.trigger=available_now")
    out, err = running.communicate(timeout=120)
    assert running.returncode == 3, out + err
    error = json.loads(out)["error"]
    assert error["message"].startswith(f"Messages of the topic '{numbers.topic}' were lost before they were read")
    assert "change `name`" in error["advice"]
    assert work.scored() == before
    other = ("--set", "name=again", "--set", "track.register=houses")
    assert told(work.start("stream", "--set", "stream.trigger=available_now", *other))["status"] == "done"
    left = {row["n"] for row in work.table("again_predictions", ["n"])}
    assert set(range(905, 920)) <= left
    assert not left & set(range(900, 905))


@pytest.mark.long
@pytest.mark.stream_kills
@pytest.mark.nightly
def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one(work, numbers):
    streaming(work, numbers)
    numbers.send(300)
    drained(work)
    numbers.broker.delete(numbers.topic)
    time.sleep(1)
    numbers.broker.topic(numbers.topic)
    numbers.broker.send(numbers.topic, [b'{"n": 1, "size": 30, "kind": "flat"}'])
    running = work.start("stream", "--set", "stream.trigger=available_now")
    out, err = running.communicate(timeout=120)
    assert running.returncode == 3, out + err
    assert json.loads(out)["error"]["message"].startswith(f"Messages of the topic '{numbers.topic}'")
    numbers.check(work)

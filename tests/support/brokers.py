"""A real Kafka broker on loopback, made of its jars from Maven Central, that tests may kill and start again."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from spark_jobs.runtime import jars

VERSION = "4.1.0"
USER, PASSWORD = "ana", 'a "quoted" \\ secret; x=y'
PATIENCE = 60.0
# The usual waits are for a cluster; a killed broker must be back within a test.
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{secured},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{secured}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config={jaas}
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
message.max.bytes=12000000
log.cleaner.enable=false
"""
_MODULE = (
    '<ivy-module version="2.0"><info organisation="spark-jobs" module="broker"/><dependencies>'
    f'<dependency org="org.apache.kafka" name="kafka_2.13" rev="{VERSION}" conf="default->master,runtime"/>'
    "</dependencies></ivy-module>"
)
_SETTINGS = (
    '<ivysettings><settings defaultResolver="central"/>'
    '<resolvers><ibiblio name="central" m2compatible="true"/></resolvers></ivysettings>'
)


class Unavailable(Exception):
    """The broker's jars cannot be had here."""


class Broker:
    """A broker of its own folder; what it was sent outlives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jars = broker_jars()
        self.port, self.secured, controller = _free_ports(3)
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        jaas = (f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{quoted}";').replace(
            "\\", "\\\\"
        )  # a properties file has its own backslashes
        text = _PROPERTIES.format(
            controller=controller, port=self.port, secured=self.secured, jaas=jaas, data=folder / "data"
        )
        (folder / "server.properties").write_text(text)
        self._java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", self._file)
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def servers(self) -> str:
        """Where it answers anybody."""
        return f"127.0.0.1:{self.port}"

    @property
    def secured_servers(self) -> str:
        """Where it answers who has a password."""
        return f"127.0.0.1:{self.secured}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command("kafka.Kafka", self._file), stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the broker did not start:\n{(self.folder / 'broker.log').read_text()[-2000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """Ends it at once, as a failing machine would."""
        assert self.process is not None
        assert self.process.poll() is None, "the broker was not there to be killed"
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends it for good."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def topic(self, name: str, partitions: int = 2, **config: str) -> str:
        """A new topic of that name."""
        from confluent_kafka.admin import NewTopic

        asked = NewTopic(name, num_partitions=partitions, replication_factor=1, config=dict(config))
        client = self.admin()  # what it was asked ends with it
        for made in client.create_topics([asked]).values():
            made.result(timeout=PATIENCE)
        return name

    def delete(self, name: str) -> None:
        """The topic is gone with all it held."""
        client = self.admin()
        for gone in client.delete_topics([name]).values():
            gone.result(timeout=PATIENCE)

    def forget(self, name: str, partition: int, before: int) -> None:
        """The messages of a partition before an offset are gone, as when they are too old."""
        from confluent_kafka import TopicPartition

        client = self.admin()
        for gone in client.delete_records([TopicPartition(name, partition, before)]).values():
            gone.result(timeout=PATIENCE)

    def admin(self) -> Any:
        """Kafka's own client for topics."""
        from confluent_kafka.admin import AdminClient

        return AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    def producer(self, **settings: Any) -> Any:
        """Kafka's own producer; what it says is written was written, also where it had to try again."""
        from confluent_kafka import Producer

        asked = {"bootstrap.servers": self.servers, "enable.idempotence": True, "linger.ms": 5, "log_level": 0,
                 "message.max.bytes": 12_000_000, "delivery.timeout.ms": 120_000}  # fmt: skip
        return Producer({**asked, **{key.replace("_", "."): value for key, value in settings.items()}})

    def send(
        self,
        topic: str,
        values: Iterable[bytes | str | None],
        partition: int | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> list[tuple[int, int]]:
        """Sends messages and waits until they are written; the partition and offset of each, in their order.

        Each of them has the same `headers`.
        """
        places: dict[int, tuple[int, int]] = {}
        producer = self.producer()
        sent = 0
        for sent, value in enumerate(values, 1):
            where: dict[str, Any] = {"headers": list(headers)} | ({} if partition is None else {"partition": partition})
            while True:
                try:
                    producer.produce(topic, value=value, on_delivery=_noting(places, sent), **where)
                    break
                except BufferError:
                    producer.poll(0.5)
            producer.poll(0)
        assert producer.flush(PATIENCE) == 0
        assert len(places) == sent
        return [places[number] for number in sorted(places)]

    @property
    def _file(self) -> str:
        return str(self.folder / "server.properties")

    def _answers(self) -> bool:
        from confluent_kafka import KafkaException

        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                pass
            return bool(self.admin().list_topics(timeout=1).brokers)
        except (OSError, KafkaException):
            return False

    def _command(self, main: str, *arguments: str) -> list[str]:
        options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        return [str(jars.java()), *options, "-cp", os.pathsep.join(map(str, self.jars)), main, *arguments]

    def _java(self, main: str, *arguments: str) -> None:
        done = subprocess.run(self._command(main, *arguments), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def broker_jars() -> list[Path]:
    """The broker's jars, fetched from Maven Central the first time.

    Raises:
        Unavailable: they are not here and cannot be fetched.
    """
    folder = jars.cache_folder() / "tests" / f"kafka-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if not (folder / "complete").is_file():
            _fetch(folder)
    return sorted(folder.glob("*.jar"))


def _fetch(folder: Path) -> None:
    ivy = next((jars.spark_home() / "jars").glob("ivy-*.jar"))
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        (Path(scratch) / "ivy.xml").write_text(_MODULE)
        (Path(scratch) / "settings.xml").write_text(_SETTINGS)
        command = [jars.java(), "-cp", ivy, "org.apache.ivy.Main", "-settings", f"{scratch}/settings.xml"]
        command += ["-ivy", f"{scratch}/ivy.xml", "-cache", f"{scratch}/ivy", "-confs", "default"]
        command += ["-retrieve", f"{folder}/[artifact]-[revision].[ext]"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode or not any(folder.glob("kafka_*.jar")) or "FAILED" in done.stdout:
        raise Unavailable(f"Kafka's jars could not be fetched from Maven Central: {done.stdout[-300:]}")
    (folder / "complete").touch()


def _noting(places: dict[int, tuple[int, int]], number: int) -> Any:
    def note(error: Any, message: Any) -> None:
        assert error is None, error
        places[number] = (message.partition(), message.offset())

    return note


def _free_ports(count: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in opened]
    for each in opened:
        each.close()
    return ports

"""Kafka topics, read as a table (the messages at this moment) or as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from spark_jobs.sources.options import DATES
from spark_jobs.sources.source_kind import SourceKind, StreamReader, lazily
from spark_jobs.spec.fields import ColumnNames, Text
from spark_jobs.spec.mistakes import SpecIssue
from spark_jobs.spec.source_keys import Secret, SourceKeys
from spark_jobs.spec.source_rules import repeated_names
from spark_jobs.spec.sources import Source
from spark_jobs.spec.yaml12 import KeyPath

# Limits and security only. An option that names a class, file or address could run code.
CLIENT_OPTIONS: Final = (
    "kafka.security.protocol",
    "kafka.sasl.mechanism",
    "kafka.request.timeout.ms",
    "kafka.session.timeout.ms",
    "kafka.max.partition.fetch.bytes",
    "kafka.fetch.max.bytes",
)
OPTIONS: Final = (*DATES, "sep", "quote", "escape", *CLIENT_OPTIONS)


class KafkaKeys(SourceKeys):
    """A topic of a Kafka cluster."""

    servers: Text | None = Field(
        default=None, description="The bootstrap servers, such as host:9092, separated by commas."
    )
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")] | None = Field(
        default=None, description="The topic to read."
    )
    values: Literal["json", "csv"] = Field(default="json", description="The format of a message's value.")
    headers: ColumnNames | None = Field(default=None, description="Message headers to read as text columns.")
    user: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="The user, as text, `env:NAME` or `file:PATH`."
    )
    password: Secret | None = Field(default=None, description="A reference to the password, `env:NAME` or `file:PATH`.")

    @property
    def is_csv(self) -> bool:
        """Whether values are CSV records instead of JSON objects."""
        return self.values == "csv"


def _rules(keys: KafkaKeys, at: KeyPath) -> Iterator[SpecIssue]:
    if keys.headers is not None:
        yield from repeated_names(keys.headers, (*at, "headers"), keys.names or ())
    if keys.is_csv and keys.names is None:
        yield SpecIssue((*at, "values"), "'csv' needs `names`.", "List the field names in order.")
    for key, other in (("user", "password"), ("password", "user")):
        if getattr(keys, key) is not None and getattr(keys, other) is None:
            yield SpecIssue((*at, key), f"needs a `{other}`.", f"Set `{at[-1]}.{other}`.")


def _topic(source: Source) -> str:
    return str(KafkaKeys.of(source).topic)


SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.kafka:read"),
    keys=KafkaKeys,
    required=("servers", "topic"),
    implied_by=("topic", "servers"),
    named_by="topic",
    options=OPTIONS,
    rules=_rules,
    secrets=("user", "password"),
    connector="kafka",
    explain=lazily("spark_jobs.sources.readers.kafka:explain"),
    stream=StreamReader(
        open=lazily("spark_jobs.sources.readers.kafka:open_stream"),
        table=lazily("spark_jobs.sources.readers.kafka:parsed"),
        log=_topic,
    ),
)

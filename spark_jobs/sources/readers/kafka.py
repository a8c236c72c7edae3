"""Kafka topics, read as a table (the messages at this moment) or as a stream. Malformed messages are kept apart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Literal
from uuid import uuid4

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.names import RESERVED, check_names, col
from spark_jobs.columns.row_ids import log_row_id
from spark_jobs.errors import DataError, JobError, SparkJobsError, SpecError
from spark_jobs.formats.json_records import keys
from spark_jobs.formats.messages import BESIDE, CsvFormat, JsonFormat, split
from spark_jobs.sources.kinds.kafka import CLIENT_OPTIONS, KafkaKeys
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.options import known_options
from spark_jobs.sources.secrets import resolve_secret, resolved
from spark_jobs.sources.snapshot import snapshot
from spark_jobs.sources.source_table import EmptySource, Reading, Table
from spark_jobs.spec import Source, Stream
from spark_jobs.spec.source_keys import SourceKeys

# Milliseconds to wait for a broker. A stream retries more often than a batch read, as it must survive broker restarts.
_WAIT: Final = "20000"
_ONCE: Final = {"fetchOffset.numRetries": "1"}
_LASTING: Final = {"fetchOffset.numRetries": "5", "fetchOffset.retryIntervalMs": "2000"}
_LOGINS: Final = {"PLAIN": "plain.Plain", "SCRAM-SHA-256": "scram.Scram", "SCRAM-SHA-512": "scram.Scram"}
_MOST_COLUMNS: Final = 10_000
_CAUSES: Final = (
    (
        "UnknownTopicOrPartition|This server does not host this topic-partition",
        "The topic '{topic}' does not exist at {servers}.",
        "Check `source.topic`; topic names are case-sensitive.",
    ),
    ("SaslAuthentication|Authentication failed", "{servers} rejected the user or password.", "Check both."),
    ("TopicAuthorization|Not authorized", "The user may not read the topic '{topic}'.", "Ask the topic's owner."),
    ("SslHandshake|SSLHandshake", "The TLS handshake with {servers} failed.", "Check the broker's certificate."),
    (
        "Some data may have been lost|offset was changed from|Cannot fetch offset|OffsetOutOfRange|data_loss",
        "Messages of the topic '{topic}' were lost before they were read: deleted, or the topic was recreated.",
        "They cannot be scored. To continue with the remaining messages, start afresh: change `name`, and set "
        "`track.register` to the model's name.",
    ),
    (
        "TimeoutException|Timed out waiting for a node|No resolvable bootstrap|Failed to create new Kafka",
        "No broker responds at {servers}.",
        "Check `source.servers`, and that the broker is running.",
    ),
)


def read(source: Source, spark: SparkSession) -> Table:
    """Read the messages that a topic holds now into a snapshot, because the topic keeps growing meanwhile.

    Raises:
        DataError: The topic does not exist or is empty.
        JobError: No broker responds, or the broker rejects the credentials.
        SpecError: An option is unknown, or CSV values have no `source.names`.
    """
    keys = KafkaKeys.of(source)
    held = snapshot(_placed(_messages(spark.read, keys, _ONCE)))
    if not (records := held.count()):
        raise EmptySource(f"The topic '{keys.topic}' has no messages.", "Wait until messages arrive.")
    form = _records(keys) if keys.is_csv else _objects(held, keys)
    taken = _apart(snapshot(_split(held, form, keys)), keys, _columns(form, keys), _fingerprint(held, keys))
    return replace(taken, records=records)


def open_stream(
    source: Source, stream: Stream, spark: SparkSession, after: Mapping[int, int] | None = None
) -> DataFrame:
    """Return a stream of the messages: value, topic, partition, offset, timestamp and headers.

    `after` maps partitions to offsets already read: without a checkpoint, the stream starts after them.
    """
    reader = spark.readStream
    if stream.rows is not None:
        reader = reader.option("maxOffsetsPerTrigger", stream.rows)
    known = {number: offset for number, offset in (after or {}).items() if offset >= 0}
    keys = KafkaKeys.of(source)
    begin = _behind(known, keys, spark) if known else stream.start
    return _messages(reader.option("startingOffsets", begin), keys, _LASTING)


def parsed(
    messages: DataFrame,
    source: Source,
    names: Sequence[str],
    fingerprint: str,
    others: Literal["told", "refused"] = "told",
    seen: Observation | None = None,
) -> Table:
    """Return messages as a lazy table: cells as text, `_source` as topic/partition/offset, malformed messages apart.

    `names` are the keys to take from JSON objects; CSV fields are named by the source. If `others` is "refused", a
    message with any other key is malformed. If "told", `seen` observes their count (`others`) and one key (`other`).
    """
    keys = KafkaKeys.of(source)
    form: JsonFormat | CsvFormat
    if keys.is_csv:
        form = _records(keys)
    else:
        headers = _headers(keys)
        form = JsonFormat(tuple(name for name in names if name not in headers), _of_headers(headers), others)
    rows = _split(_placed(messages), form, keys)
    if seen is not None:
        rows = rows.observe(seen, F.count(BESIDE[-1]).alias("others"), F.min(BESIDE[-1]).alias("other"))
    return _taken(rows, keys, _columns(form, keys), fingerprint)


def explain(failure: BaseException, source: SourceKeys) -> SparkJobsError | None:
    """Return the error that a failed read of a topic means; None if the failure does not concern Kafka."""
    text = f"{type(failure).__name__} {failure}"
    if not re.search("(?i)kafka", text):
        return None
    for regex, cause, advice in _CAUSES:
        if re.search(regex, text):
            kind = DataError if "The topic" in cause or "Messages" in cause else JobError
            return kind(cause.format(**dict(KafkaKeys.of(source))), advice)
    return None


def _messages(reader: Any, source: KafkaKeys, waits: Mapping[str, str]) -> DataFrame:
    given = known_options(source)
    wait = given.get("kafka.request.timeout.ms", _WAIT)
    options = {"kafka.request.timeout.ms": wait, "kafka.default.api.timeout.ms": wait}
    options |= {**waits, **_login(source, given)}
    options |= {name: value for name, value in given.items() if name in CLIENT_OPTIONS}
    options |= {"kafka.bootstrap.servers": str(source.servers), "subscribe": str(source.topic)}
    options |= {"failOnDataLoss": "true", "includeHeaders": str(bool(source.headers)).lower()}
    rows = reader.format("kafka").options(**options).load()
    headers = [F.struct(*map(_last, _headers(source))).alias("headers")] if source.headers else []
    found: DataFrame = rows.select("value", "topic", "partition", "offset", "timestamp", *headers)
    return found


def _last(header: str) -> Column:
    """Return a message header as text; the last one if a name repeats, as Kafka's own clients do."""
    named = F.filter("headers", lambda one: one["key"] == F.lit(header))
    return F.make_valid_utf8(F.try_element_at(named, F.lit(-1))["value"].cast("string")).alias(header)


def _headers(source: KafkaKeys) -> tuple[str, ...]:
    return check_names(source.headers or ())


def _columns(form: JsonFormat | CsvFormat, source: KafkaKeys) -> tuple[str, ...]:
    """Return the names of the cell columns, then those of the header columns."""
    return check_names((*form.names, *_headers(source)))


def _of_headers(headers: Sequence[str]) -> dict[str, str]:
    return {name: f"the key '{name}' is also the name of a header" for name in headers}


def _login(source: KafkaKeys, given: Mapping[str, str]) -> dict[str, str]:
    if source.user is None or source.password is None:
        return {}
    mechanism = given.get("kafka.sasl.mechanism", "PLAIN")
    if mechanism not in _LOGINS:
        raise SpecError(
            f"`kafka.sasl.mechanism` must be one of {', '.join(_LOGINS)}. Got '{mechanism}'.",
            "Remove it if the broker accepts PLAIN.",
        )
    user, password = _quoted(resolved(source.user)), _quoted(resolve_secret(source.password))
    module = f"org.apache.kafka.common.security.{_LOGINS[mechanism]}LoginModule"
    return {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": mechanism,
        "kafka.sasl.jaas.config": f"{module} required username={user} password={password};",
    }


def _quoted(text: str) -> str:
    """Quote text for Java's login configuration, escaped so that no character can end the string."""
    marked = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{marked}"'


def _placed(messages: DataFrame) -> DataFrame:
    place = log_row_id().alias("_source")
    return messages.select("value", place, "partition", "offset", *_headers_there(messages))


def _headers_there(messages: DataFrame) -> list[str]:
    return [name for name in messages.columns if name == "headers"]


def _fingerprint(held: DataFrame, source: KafkaKeys) -> str:
    """Hash the topic, the offset range of each partition, and the content of the messages."""
    content = F.sum(F.xxhash64("offset", "value", *_headers_there(held)).cast("decimal(38)"))
    ends = held.groupBy("partition").agg(F.min("offset"), F.max("offset"), F.count("offset"), content)
    return json.dumps([source.topic, sorted([str(cell) for cell in row] for row in ends.collect())])


def _split(placed: DataFrame, form: JsonFormat | CsvFormat, source: KafkaKeys) -> DataFrame:
    headers = _headers(source)
    lists = {"_reasons": T.ArrayType(T.StringType())}
    names = (*_columns(form, source), *BESIDE)
    shape = T.StructType([T.StructField(name, lists.get(name, T.StringType())) for name in names])
    beside = [F.col("headers").getField(name).alias(f"h{place}") for place, name in enumerate(headers)]
    return placed.select("value", "_source", *beside).mapInArrow(split(form, headers), shape)


def _taken(rows: DataFrame, source: KafkaKeys, names: Sequence[str], fingerprint: str) -> Table:
    marks = null_values_of(source)
    good = rows.where(F.col("_reasons").isNull()).select(*map(col, names), "_source")
    refused = rows.where(F.col("_reasons").isNotNull()).select(F.col(BESIDE[1]).alias("_raw"), "_reasons", "_source")
    options = known_options(source)
    said = Reading(str(source.kind), f"{source.servers}/{source.topic}", options, marks)
    return Table(replace_null_values(good, marks), said, fingerprint, refused, columns=tuple(names))


def _apart(rows: DataFrame, source: KafkaKeys, names: Sequence[str], fingerprint: str) -> Table:
    """Return the table of a snapshot, with its malformed messages counted."""
    table = _taken(rows, source, names, fingerprint)
    assert table.malformed is not None
    poison = table.malformed.count()
    decisions = (f"{poison:,} messages are malformed and excluded",) if poison else ()
    reading = replace(table.reading, decisions=decisions)
    good, refused = table.rows.drop("_source"), table.malformed if poison else None
    return replace(table, rows=good, reading=reading, malformed=refused, malformed_count=poison)


def _records(source: KafkaKeys) -> CsvFormat:
    if not source.names:
        raise SpecError("`source.names` is required for a topic of CSV values.", "List the fields in order.")
    form = known_options(source)
    quote = form.get("quote", '"')
    return CsvFormat(check_names(source.names), form.get("sep", ","), quote, form.get("escape", quote or '"'))


def _objects(held: DataFrame, source: KafkaKeys) -> JsonFormat:
    """Return the format with all keys of the objects, in order of appearance; invalid column names are refused."""
    found = held.select("value", "_source").mapInArrow(keys, "key string, count bigint, first string")
    met = found.groupBy("key").agg(F.sum("count"), F.min("first").alias("first")).orderBy("first", "key")
    counts = {row[0]: int(row[1]) for row in met.limit(_MOST_COLUMNS + 1).collect()}
    if len(counts) > _MOST_COLUMNS:
        raise DataError(
            f"The objects in '{source.topic}' have more than {_MOST_COLUMNS:,} different keys.",
            "Use keys as column names; put data into values.",
        )
    unwelcome = _unwelcome(counts) | _of_headers(_headers(source))
    names = tuple(key for key in counts if key not in unwelcome)
    if not names:
        raise DataError(f"The topic '{source.topic}' has no JSON objects.", "For CSV, set `source.values: csv`.")
    return JsonFormat(names, unwelcome)


def _unwelcome(counts: Mapping[str, int]) -> dict[str, str]:
    usual: dict[str, str] = {}
    for key in sorted(counts, key=lambda key: -counts[key]):
        usual.setdefault(key.casefold(), key)
    found = {}
    for key in counts:
        if key.casefold() in RESERVED or not key.strip():
            found[key] = f"the key '{key}' is reserved" if key.strip() else "a key is empty"
        elif usual[key.casefold()] != key:
            found[key] = f"the key '{key}' differs from '{usual[key.casefold()]}' by case only"
    return found


def _behind(known: Mapping[int, int], source: KafkaKeys, spark: SparkSession) -> str:
    """Return Kafka's `startingOffsets`: after the known offset of each partition, else its beginning."""
    begin = {number: known.get(number, -1) + 1 if number in known else -2 for number in _partitions(source, spark)}
    return json.dumps({source.topic: {str(number): offset for number, offset in begin.items()}})


def _partitions(source: KafkaKeys, spark: SparkSession) -> Sequence[int]:
    """Return the topic's partitions, as reported by a stream that reads no rows."""
    messages = _messages(spark.readStream.option("startingOffsets", "latest"), source, _ONCE)
    query = messages.writeStream.format("noop").queryName(f"partitions-{uuid4().hex}").trigger(once=True).start()
    with suppress(Exception):
        query.awaitTermination()
    progress: Any = query.lastProgress
    if progress is None:
        raise explain(query.exception() or Exception(), source) or JobError(
            f"The partitions of '{source.topic}' could not be listed.", "Check that the broker is running."
        )
    return sorted(int(number) for number in json.loads(progress["sources"][0]["endOffset"])[source.topic])

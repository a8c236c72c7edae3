"""A topic of messages: what it holds now as a table, or what arrives as a stream; poison is set apart."""

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
from spark_jobs.errors import DataError, JobError, SparkJobsError, SpecError
from spark_jobs.sources.json_records import keys
from spark_jobs.sources.messages import BESIDE, CsvFormat, JsonFormat, split
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.options import DATES, known_options
from spark_jobs.sources.secrets import resolve, resolved
from spark_jobs.sources.snapshot import snapshot
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec.constants import CLIENT_OPTIONS
from spark_jobs.spec.models import Source

_RECORD: Final = ("sep", "quote", "escape")
OPTIONS: Final = (*DATES, *_RECORD, *CLIENT_OPTIONS)
# How long to wait for a broker that does not answer, and how often a stream, which may outlast a broker, asks again.
_WAIT: Final = "20000"
_ONCE: Final = {"fetchOffset.numRetries": "1"}
_LASTING: Final = {"fetchOffset.numRetries": "5", "fetchOffset.retryIntervalMs": "2000"}
_LOGINS: Final = {"PLAIN": "plain.Plain", "SCRAM-SHA-256": "scram.Scram", "SCRAM-SHA-512": "scram.Scram"}
_MOST_COLUMNS: Final = 10_000
_CAUSES: Final = (
    (
        "UnknownTopicOrPartition|This server does not host this topic-partition",
        "The topic '{topic}' is not there at {servers}.",
        "Check `source.topic`; names are compared with case.",
    ),
    ("SaslAuthentication|Authentication failed", "{servers} refused the user or the password.", "Check both."),
    ("TopicAuthorization|Not authorized", "The user may not read the topic '{topic}'.", "Ask who keeps the topic."),
    ("SslHandshake|SSLHandshake", "{servers} and this machine found no common TLS.", "Check the broker's certificate."),
    (
        "Some data may have been lost|offset was changed from|Cannot fetch offset|OffsetOutOfRange|data_loss",
        "Messages of the topic '{topic}' that were not read yet are gone: deleted, or the topic was made anew.",
        "What is gone cannot be scored. To go on with what is there, begin anew under another `name`, where "
        "`track.register` names the model.",
    ),
    (
        "TimeoutException|Timed out waiting for a node|No resolvable bootstrap|Failed to create new Kafka",
        "No broker answers at {servers}.",
        "Check `source.servers`, and that the broker runs.",
    ),
)


class NoMessages(DataError):
    """A topic is there and holds nothing."""


def read(source: Source, spark: SparkSession) -> Table:
    """The messages that a topic holds at this moment, read once, for a topic goes on while it is looked at.

    Raises:
        DataError: the topic is not there, or holds nothing.
        JobError: no broker answers, or it does not let us in.
        SpecError: an option is not known, or CSV values have no names.
    """
    try:
        held = snapshot(_placed(_messages(spark.read, source, _ONCE)))
    except SparkJobsError:
        raise
    except Exception as failure:
        raise (explain(failure, source) or failure) from failure
    if not (records := held.count()):
        raise NoMessages(f"The topic '{source.topic}' holds no messages.", "Wait until there are some.")
    form = _records(source) if source.values == "csv" else _objects(held, source)
    taken = _apart(snapshot(_split(held, form, source)), source, _columns(form, source), _fingerprint(held, source))
    return replace(taken, records=records)


def open_stream(
    source: Source, spark: SparkSession, start: str, rows: int | None, after: Mapping[int, int] | None = None
) -> DataFrame:
    """The messages as they arrive: `value`, their place and when they were written.

    `rows` is the most of a micro-batch. `after` are, by partition, offsets that are known already: a stream without a
    checkpoint begins behind them.
    """
    reader = spark.readStream
    if rows is not None:
        reader = reader.option("maxOffsetsPerTrigger", rows)
    known = {number: offset for number, offset in (after or {}).items() if offset >= 0}
    begin = _behind(known, source, spark) if known else start
    return _messages(reader.option("startingOffsets", begin), source, _LASTING)


def parsed(
    messages: DataFrame,
    source: Source,
    names: Sequence[str],
    fingerprint: str,
    others: Literal["told", "refused"] = "told",
    seen: Observation | None = None,
) -> Table:
    """Messages as a table, nothing of it looked at: cells as text, `_source` as topic/partition/offset, poison apart.

    `names` are the keys that are taken of JSON objects; the fields of CSV values are named by the source. Messages with
    `others` are refused or told: `seen` counts them as they pass (`others`) and has one such key (`other`).
    """
    form: JsonFormat | CsvFormat
    if source.values == "csv":
        form = _records(source)
    else:
        headers = _headers(source)
        form = JsonFormat(tuple(name for name in names if name not in headers), _of_headers(headers), others)
    rows = _split(_placed(messages), form, source)
    if seen is not None:
        rows = rows.observe(seen, F.count(BESIDE[-1]).alias("others"), F.min(BESIDE[-1]).alias("other"))
    return _taken(rows, source, _columns(form, source), fingerprint)


def place_of_message() -> Column:
    """What identifies a message: topic/partition/offset."""
    return F.concat_ws("/", "topic", "partition", "offset")


def explain(failure: BaseException, source: Source) -> SparkJobsError | None:
    """What a failure of reading a topic means; None where it is something else."""
    text = f"{type(failure).__name__} {failure}"
    if "kafka" not in text.casefold():
        return None
    for regex, cause, advice in _CAUSES:
        if re.search(regex, text):
            kind = DataError if "The topic" in cause or "Messages" in cause else JobError
            return kind(cause.format(topic=source.topic, servers=source.servers), advice)
    return None


def _messages(reader: Any, source: Source, waits: Mapping[str, str]) -> DataFrame:
    given = known_options("kafka", source.options, OPTIONS)
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
    """A header of a message as text; of several of the name the last, as Kafka's own clients have it."""
    named = F.filter("headers", lambda one: one["key"] == F.lit(header))
    return F.make_valid_utf8(F.try_element_at(named, F.lit(-1))["value"].cast("string")).alias(header)


def _headers(source: Source) -> tuple[str, ...]:
    return check_names(source.headers or ())


def _columns(form: JsonFormat | CsvFormat, source: Source) -> tuple[str, ...]:
    """The names of the cells of messages, then those of headers."""
    return check_names((*form.names, *_headers(source)))


def _of_headers(headers: Sequence[str]) -> dict[str, str]:
    return {name: f"the key '{name}' has the name of a header" for name in headers}


def _login(source: Source, given: Mapping[str, str]) -> dict[str, str]:
    if source.user is None or source.password is None:
        return {}
    mechanism = given.get("kafka.sasl.mechanism", "PLAIN")
    if mechanism not in _LOGINS:
        raise SpecError(
            f"`kafka.sasl.mechanism` must be one of {', '.join(_LOGINS)}. Got '{mechanism}'.",
            "Leave it out where the broker takes PLAIN.",
        )
    user, password = _quoted(resolved(source.user)), _quoted(resolve(source.password))
    module = f"org.apache.kafka.common.security.{_LOGINS[mechanism]}LoginModule"
    return {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": mechanism,
        "kafka.sasl.jaas.config": f"{module} required username={user} password={password};",
    }


def _quoted(text: str) -> str:
    """Text as a string of Java's login configuration, out of which nothing in it can lead."""
    marked = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{marked}"'


def _placed(messages: DataFrame) -> DataFrame:
    place = place_of_message().alias("_source")
    return messages.select("value", place, "partition", "offset", *_headers_there(messages))


def _headers_there(messages: DataFrame) -> list[str]:
    return [name for name in messages.columns if name == "headers"]


def _fingerprint(held: DataFrame, source: Source) -> str:
    """The topic, how far each partition went, and what was in it."""
    content = F.sum(F.xxhash64("offset", "value", *_headers_there(held)).cast("decimal(38)"))
    ends = held.groupBy("partition").agg(F.min("offset"), F.max("offset"), F.count("offset"), content)
    return json.dumps([source.topic, sorted([str(cell) for cell in row] for row in ends.collect())])


def _split(placed: DataFrame, form: JsonFormat | CsvFormat, source: Source) -> DataFrame:
    headers = _headers(source)
    lists = {"_reasons": T.ArrayType(T.StringType())}
    names = (*_columns(form, source), *BESIDE)
    shape = T.StructType([T.StructField(name, lists.get(name, T.StringType())) for name in names])
    beside = [F.col("headers").getField(name).alias(f"h{place}") for place, name in enumerate(headers)]
    return placed.select("value", "_source", *beside).mapInArrow(split(form, headers), shape)


def _taken(rows: DataFrame, source: Source, names: Sequence[str], fingerprint: str) -> Table:
    marks = null_values_of(source)
    good = rows.where(F.col("_reasons").isNull()).select(*map(col, names), "_source")
    refused = rows.where(F.col("_reasons").isNotNull()).select(F.col(BESIDE[1]).alias("_raw"), "_reasons", "_source")
    options = known_options("kafka", source.options, OPTIONS)
    said = Reading("kafka", f"{source.servers}/{source.topic}", options, marks)
    return Table(replace_null_values(good, marks), said, fingerprint, refused, columns=tuple(names))


def _apart(rows: DataFrame, source: Source, names: Sequence[str], fingerprint: str) -> Table:
    """The table of a snapshot, its poison counted."""
    table = _taken(rows, source, names, fingerprint)
    assert table.malformed is not None
    poison = table.malformed.count()
    decisions = (f"{poison:,} messages cannot be read and are set apart",) if poison else ()
    reading = replace(table.reading, decisions=decisions)
    good, refused = table.rows.drop("_source"), table.malformed if poison else None
    return replace(table, rows=good, reading=reading, malformed=refused, malformed_count=poison)


def _records(source: Source) -> CsvFormat:
    if not source.names:
        raise SpecError("A topic of CSV values needs `source.names`.", "Name the fields in their order.")
    form = known_options("kafka", source.options, OPTIONS)
    quote = form.get("quote", '"')
    return CsvFormat(check_names(source.names), form.get("sep", ","), quote, form.get("escape", quote or '"'))


def _objects(held: DataFrame, source: Source) -> JsonFormat:
    """The keys that any object has, in the order in which they are met; those that cannot be columns are refused."""
    found = held.select("value", "_source").mapInArrow(keys, "key string, count bigint, first string")
    met = found.groupBy("key").agg(F.sum("count"), F.min("first").alias("first")).orderBy("first", "key")
    counts = {row[0]: int(row[1]) for row in met.limit(_MOST_COLUMNS + 1).collect()}
    if len(counts) > _MOST_COLUMNS:
        raise DataError(
            f"The objects in '{source.topic}' have more than {_MOST_COLUMNS:,} different keys.",
            "Keys must be names of columns, not values.",
        )
    unwelcome = _unwelcome(counts) | _of_headers(_headers(source))
    names = tuple(key for key in counts if key not in unwelcome)
    if not names:
        raise DataError(f"The topic '{source.topic}' holds no JSON objects.", "Set `source.values` where it holds CSV.")
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


def _behind(known: Mapping[int, int], source: Source, spark: SparkSession) -> str:
    """Where each partition is begun: behind what is known, else at its beginning."""
    begin = {number: known.get(number, -1) + 1 if number in known else -2 for number in _partitions(source, spark)}
    return json.dumps({source.topic: {str(number): offset for number, offset in begin.items()}})


def _partitions(source: Source, spark: SparkSession) -> Sequence[int]:
    """The topic's partitions, as a stream that reads nothing tells them."""
    messages = _messages(spark.readStream.option("startingOffsets", "latest"), source, _ONCE)
    query = messages.writeStream.format("noop").queryName(f"partitions-{uuid4().hex}").trigger(once=True).start()
    with suppress(Exception):
        query.awaitTermination()
    progress: Any = query.lastProgress
    if progress is None:
        raise explain(query.exception() or Exception(), source) or JobError(
            f"The partitions of '{source.topic}' could not be found.", "Check that the broker runs."
        )
    return sorted(int(number) for number in json.loads(progress["sources"][0]["endOffset"])[source.topic])

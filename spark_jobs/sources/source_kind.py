"""The declaration of a kind of source: all that the package knows about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from spark_jobs.errors import SparkJobsError
from spark_jobs.spec.source_keys import SourceSyntax

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Observation, SparkSession

    from spark_jobs.sources.files import DataFile
    from spark_jobs.sources.plain_text import PlainText
    from spark_jobs.sources.source_table import Table
    from spark_jobs.spec import Source, Stream


def lazily(function: str) -> Callable[..., Any]:
    """Return a function that imports the one it names only when it is called.

    A declaration is imported without Spark, and its reader, which needs pyspark, imports the declared keys.

    Args:
        function: The module and the name, for example `spark_jobs.sources.readers.delta:read`.
    """
    module, _, name = function.partition(":")

    def call(*arguments: object) -> Any:
        return getattr(import_module(module), name)(*arguments)

    return call


class Watermark(NamedTuple):
    """A column that only grows, and the place of its table as the ledger stores it."""

    place: str
    column: str


@dataclass(frozen=True, kw_only=True)
class IncrementalReader:
    """How a kind of source reads less than everything.

    Attributes:
        read: Reads the rows from a watermark on (None reads all) with some of their columns (None reads all).
        watermark: Returns the watermark of a source; None if it has none and is read as a whole.
    """

    read: Callable[[Source, SparkSession, str | None, Collection[str] | None], Table]
    watermark: Callable[[Source], Watermark | None]


@dataclass(frozen=True, kw_only=True)
class StreamReader:
    """How a kind of source is streamed.

    Attributes:
        open: Returns the stream: rows or, for a kind of files, the paths of new files. The last argument maps the
            partitions of a log to the offsets that are committed; a new stream starts after them.
        table: Returns the rows of a micro-batch as a table, for a stream whose rows are not the source's columns. It
            gets the rows, the source, the columns that a row may have, the id of the micro-batch, and what happens to
            rows with other keys: `told` or `refused`. The observation, if any, counts these rows as `others`, and
            holds one of the keys as `other`.
        log: Returns the name of the log that a source reads. The rows of its stream have the columns `topic`,
            `partition`, `offset` and `timestamp`, so that a lost checkpoint is recovered from the tables.
    """

    open: Callable[[Source, Stream, SparkSession, Mapping[int, int] | None], DataFrame]
    table: (
        Callable[[DataFrame, Source, Sequence[str], str, Literal["told", "refused"], Observation | None], Table] | None
    ) = None
    log: Callable[[Source], str] | None = None


@dataclass(frozen=True, kw_only=True)
class SourceKind(SourceSyntax):
    """A kind of source: how a spec writes it, and how it is read.

    A declaration is imported without Spark, so its functions import pyspark themselves, or are named `lazily`.

    Attributes:
        read: Reads a source into a table with no row dropped.
        incremental: How it reads less than everything, if it can.
        stream: How it is streamed, if it can be.
        connector: The jars that the session needs: the name of a lock file in `spark_jobs/runtime/connectors`, or the
            path of one that ends in `.lock`.
        secrets: The keys that may refer to a secret, which is looked up before Spark starts.
        explain: Translates an error of Spark that ends a read or a stream; returns None for an error of something else.
        is_at: Returns whether a local path holds a source of this kind, whatever its extension.
        read_here: Returns a small local source to profile while Spark starts; None if only Spark can read it.
        corruption_reason: Returns why a local file is corrupt, or None; by default only compression is checked.
        is_in_program: Whether its rows exist only in a program, such as a DataFrame, so that no command can read them.
    """

    read: Callable[[Source, SparkSession], Table]
    incremental: IncrementalReader | None = None
    stream: StreamReader | None = None
    connector: str = ""
    secrets: tuple[str, ...] = ()
    explain: Callable[[BaseException, Source], SparkJobsError | None] | None = None
    is_at: Callable[[str], bool] | None = None
    read_here: Callable[[Source], PlainText | None] | None = None
    corruption_reason: Callable[[DataFile], str | None] | None = None
    is_in_program: bool = False

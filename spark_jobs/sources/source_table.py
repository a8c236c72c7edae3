"""What reading a source gives: its rows, and what was found out about its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.sources.plain_text import PlainText


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found out about a source's form: separator, encoding, header, null marks, each with its reason.

    `warnings` are sentences about it that a person should read.
    """

    kind: str
    location: str
    options: dict[str, str]
    null_values: tuple[str, ...]
    decisions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A source as read, nothing thrown away.

    `rows` has the source's columns under the user's names: strings for text sources (null marks already null), the
    stored types otherwise. `raw` are those of plain text as they come, neither trimmed nor looked at for marks.
    `malformed` has `_raw`, `_reasons` (array of string) and `_source`; None where the format has none.
    `fingerprint` changes when the data does. `plain` says how the same rows are split without Spark's CSV reader, where
    that gives the same cells, and `lines` are the lines that it splits. `reads` is what the ledger keeps of it, so that
    a later scoring knows what was read already. `records` is how many the source holds, malformed ones among them,
    counted where its form was looked at and not in `rows`; None where nothing counts them. `unusable` are the columns
    whose stored type no step can use, with that type: `rows` has them as text, or not at all. `codes` are columns of
    text that is not to be read as numbers.
    """

    rows: DataFrame
    reading: Reading
    fingerprint: str
    malformed: DataFrame | None = None
    malformed_count: int = 0
    columns: tuple[str, ...] = field(default=())
    raw: DataFrame | None = None
    plain: PlainText | None = None
    lines: DataFrame | None = None
    reads: Mapping[str, Any] = field(default_factory=dict)
    records: int | None = None
    unusable: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()

"""The result of reading a source: its rows, and how they were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spark_jobs.errors import DataError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.sources.plain_text import PlainText


class EmptySource(DataError):
    """The source exists and holds no rows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The way a source was read: separator, encoding, header and null values, each with its reason.

    `decisions` explain what was detected. `warnings` are sentences that the user should read.
    """

    kind: str
    location: str
    options: dict[str, str]
    null_values: tuple[str, ...]
    decisions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A source as read, with no row dropped.

    Attributes:
        rows: The source's columns under the user's names. Text sources give strings, with null values as null; others
            give the stored types.
        reading: How the source was read.
        fingerprint: A hash that changes when the data changes.
        malformed: Rows of `_raw`, `_reasons` (array of string) and `_source`; None if there are none.
        malformed_count: The number of malformed rows.
        columns: The names of the columns.
        raw: Plain text as read, neither trimmed nor checked for null values.
        plain: How to split the same rows without Spark's CSV reader, if that gives the same cells.
        lines: The lines that `plain` splits.
        reads: What the ledger stores, so that a later scoring knows what was already read.
        records: The number of records, malformed ones included, if reading counted them; None otherwise.
        unusable: Columns of a stored type that no step supports, with that type; `rows` has them as text or not at all.
        codes: Text columns that must not be read as numbers, such as `01`.
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

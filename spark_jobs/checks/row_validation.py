"""Validation of rows: which rows are scored, which are quarantined and why, and what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Final

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.checks import BatchCheck, RowCheck, Violation
from spark_jobs.checks.batch_metrics import REFUSED, ROWS, BatchMetrics, Key
from spark_jobs.checks.cells import RAW, WORDS, ColumnReader
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.unseen import COUNTS
from spark_jobs.columns.casts import lost_cell_conditions, typed
from spark_jobs.columns.names import RESERVED, UNREAD_KEY, col
from spark_jobs.columns.types import ColumnType
from spark_jobs.spec.checks import Changes

_LOST: Final = "⟨lost⟩"
_SOURCE: Final = "⟨source⟩"
TIMES: Final = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


@dataclass(frozen=True)
class CheckedRows:
    """Raw rows with the types and checks to apply to them.

    All members only build Spark columns and plans; nothing reads data. Batches and micro-batches use it alike.

    Attributes:
        rows: the raw rows.
        types: the plan's types of the columns.
        zone: the time zone of times without one.
        checks: the checks of the spec that apply.
        changes: what to do about added columns and changed types.
        training_domain: the values seen in training; values outside it are counted.
        key: the key columns.
    """

    rows: DataFrame
    types: tuple[ColumnType, ...]
    zone: str
    checks: tuple[RowCheck | BatchCheck, ...]
    changes: Changes
    training_domain: TrainingDomain
    key: tuple[str, ...] = ()

    @property
    def may_refuse(self) -> bool:
        """Return whether rows can be quarantined."""
        return bool(self._refusing) or self.changes.type == "quarantine"

    @property
    def must_be_counted_first(self) -> bool:
        """Return whether the whole batch can be refused, so that it must be counted before anything is written."""
        return self.changes.type == "refuse" or any(check.severity == "fail" for check in self.checks)

    @cached_property
    def metrics(self) -> BatchMetrics:
        """Return the metrics to collect."""
        metrics: dict[Key, Column] = {ROWS: F.count(F.lit(1))}
        if self.may_refuse:
            metrics[REFUSED] = F.count_if(self._refused)
        for place in self._row_checks:
            metrics["check", place] = F.count_if(F.col(_flag(place)))
        for place, check in enumerate(self.checks):
            if isinstance(check, BatchCheck):
                metrics["check", place] = check.metric(replace(self._columns, place=place))
        return BatchMetrics(tuple(self._lost), metrics, self.training_domain)

    @cached_property
    def passing(self) -> DataFrame:
        """Return all rows, typed, with their check flags, for one call of `keep_valid` that gets all of them."""
        return self._checked(self.metrics.watch_raw(self.rows), whole=False)

    def keep_valid(self, passing: DataFrame, answer: str | None = None) -> DataFrame:
        """Return only the rows to score, without the check flags; `metrics` counts all rows as they pass.

        The filter runs after the model, so that one read serves both the counts and the model. The model then also
        scores the few rows that go to quarantine, in vain.

        Args:
            passing: the rows of `passing`, possibly with the model's output column.
            answer: the model's output column, a struct that also holds the counts of unseen values.
        """
        counts = None if answer is None else F.col(answer)[COUNTS]
        checked = self.metrics.watch(passing, counts)
        kept = checked.where(~self._refused) if self.may_refuse else checked
        names = [*self.rows.columns, *([UNREAD_KEY] if UNREAD_KEY in passing.columns else [])]
        return kept.select(*map(col, names), *([] if answer is None else [F.col(answer)]))

    @cached_property
    def good(self) -> DataFrame:
        """Return the typed rows to score, for a consumer that does not count rows itself."""
        return self.keep_valid(self.passing)

    @cached_property
    def refused(self) -> DataFrame | None:
        """Return the quarantined rows, or None if there can be none.

        Columns: `_raw` (the row as JSON), `_reasons`, `_source`, and `_form` (the schema that reads `_raw` again).
        """
        if not self.may_refuse:
            return None
        bad = self._checked(self.rows, whole=True).where(self._refused)
        form = _form(self.rows.schema)
        failed = [F.when(F.col(_flag(place)), _reason(self._violations[place])) for place in self._refusing]
        lost = [F.col(_LOST)] if self.changes.type == "quarantine" else []
        reasons = F.array_compact(F.flatten(F.array(*lost, F.array(*failed)) if failed else F.array(*lost)))
        return bad.select(
            F.to_json(F.col(RAW), {**TIMES, "ignoreNullFields": "false"}).alias("_raw"),
            reasons.alias("_reasons"),
            F.col(_SOURCE).alias("_source"),
            F.lit(form).alias("_form"),
        )

    @property
    def typed(self) -> DataFrame:
        """Return all rows, typed and without check flags."""
        return typed(self.rows, self.types, self.zone, key=self.key)

    def checked(self) -> DataFrame:
        """Return the typed rows with their check flags, without observations."""
        return self._checked(self.rows, whole=False)

    @property
    def _row_checks(self) -> dict[int, RowCheck]:
        return {place: check for place, check in enumerate(self.checks) if isinstance(check, RowCheck)}

    @property
    def _refusing(self) -> list[int]:
        return [place for place, check in self._row_checks.items() if check.severity == "quarantine"]

    @property
    def _refused(self) -> Column:
        flags = [F.col(_flag(place)) for place in self._refusing]
        lost = [F.size(_LOST) > 0] if self.changes.type == "quarantine" else []
        return reduce(lambda one, other: one | other, [*flags, *lost])

    @cached_property
    def _columns(self) -> ColumnReader:
        types = {kind.name: kind for kind in self.types}
        return ColumnReader(types, dict(self.rows.dtypes), self._typed_schema, self.zone)

    @cached_property
    def _lost(self) -> Mapping[str, Column]:
        return lost_cell_conditions(self.rows, self.types, self.zone)

    @cached_property
    def _violations(self) -> dict[int, Violation]:
        checks = self._row_checks.items()
        return {place: check.violation(replace(self._columns, place=place)) for place, check in checks}

    def _checked(self, rows: DataFrame, whole: bool) -> DataFrame:
        """Return typed rows with a flag per check; `whole` adds the raw row and its source file."""
        added: list[Column] = []
        raw = [name for check in self._row_checks.values() for name in check.raw_columns]
        if whole:
            added += [F.struct(*[col(name) for name in self._named]).alias(RAW), _source(rows).alias(_SOURCE)]
        elif needed := self._columns.raw_needed(raw):
            added.append(F.struct(*[col(name) for name in needed]).alias(RAW))
        if self.changes.type == "quarantine":
            added.append(self._lost_reasons().alias(_LOST))
        read = typed(rows.select("*", *added) if added else rows, self.types, self.zone, key=self.key)
        flags = {_flag(place): F.coalesce(one.condition, F.lit(False)) for place, one in self._violations.items()}
        return read.withColumns(flags) if flags else read

    def _lost_reasons(self) -> Column:
        kinds = {kind.name: WORDS[kind.cells] for kind in self.types}
        reasons = [
            F.when(
                lost, F.concat(F.lit(f"{name} is '"), _cut(col(name)), F.lit(f"', which is not read as {kinds[name]}"))
            )
            for name, lost in self._lost.items()
        ]
        return F.array_compact(F.array(*reasons)) if reasons else F.array().cast("array<string>")

    @cached_property
    def _typed_schema(self) -> dict[str, T.DataType]:
        return {field.name: field.dataType for field in self.typed.schema}

    @property
    def _named(self) -> list[str]:
        return [name for name in self.rows.columns if name not in RESERVED]


def _flag(place: int) -> str:
    return f"⟨failed {place}⟩"


def _reason(violation: Violation) -> Column:
    return F.concat(*[F.lit(part) if isinstance(part, str) else part for part in violation.reason])


def _cut(cell: Column) -> Column:
    return F.left(cell.cast("string"), F.lit(80))


def _form(schema: T.StructType) -> str:
    """Return the columns and types of the raw rows as JSON, with which `_raw` is read again."""
    fields = [field for field in schema.fields if field.name not in RESERVED]
    return T.StructType([T.StructField(one.name, _readable(one.dataType)) for one in fields]).json()


def _readable(kind: T.DataType) -> T.DataType:
    """Return the type with which JSON reads a column; a column of nulls has no type, and JSON cannot read that."""
    return T.StringType() if isinstance(kind, T.NullType) else kind


def _source(rows: DataFrame) -> Column:
    """Return the column with a row's origin: the source's own `_source`, else the file path, else null."""
    if "_source" in rows.columns:
        return F.col("_source")
    if "_metadata" not in rows.columns:
        try:
            rows.select(F.col("_metadata.file_path")).schema  # noqa: B018 - Connect resolves it only on access
        except AnalysisException:
            return F.lit(None).cast("string")
        return F.col("_metadata.file_path")
    return F.lit(None).cast("string")

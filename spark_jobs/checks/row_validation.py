"""Validation of rows: which rows are scored, which are quarantined and why, and what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Final

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.checks.batch_checks import batch_metric
from spark_jobs.checks.batch_metrics import REFUSED, ROWS, BatchMetrics, Key
from spark_jobs.checks.cells import RAW, WORDS, ColumnReader
from spark_jobs.checks.row_checks import Violation, violation
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.unseen import COUNTS
from spark_jobs.columns.casts import lost_cell_conditions, typed
from spark_jobs.columns.names import RESERVED, UNREAD_KEY, col
from spark_jobs.columns.row_ids import row_hash
from spark_jobs.columns.types import ColumnType
from spark_jobs.spec.checks import Changes, Check, Matches, RowCheck, TableCheck, Unique

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
    checks: tuple[Check, ...]
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
    def tally(self) -> BatchMetrics:
        """Return the metrics to collect."""
        metrics: dict[Key, Column] = {ROWS: F.count(F.lit(1))}
        if self.may_refuse:
            metrics[REFUSED] = F.count_if(self._refused)
        for place in self._row_checks:
            metrics["check", place] = F.count_if(F.col(_flag(place)))
        for place, check in enumerate(self.checks):
            if isinstance(check, TableCheck):
                metrics["check", place] = batch_metric(check, place, self._columns)
        return BatchMetrics(tuple(self._lost), metrics, self.training_domain)

    @cached_property
    def passing(self) -> DataFrame:
        """Return all rows, typed, with their check flags, for one call of `keep_valid` that gets all of them."""
        return self._checked(self.tally.watch_raw(self.rows), whole=False)

    def keep_valid(self, passing: DataFrame, answer: str | None = None) -> DataFrame:
        """Return only the rows to score, without the check flags; `tally` counts all rows as they pass.

        The filter runs after the model, so that one read serves both the counts and the model. The model then also
        scores the few rows that go to quarantine, in vain.

        Args:
            passing: the rows of `passing`, possibly with the model's output column.
            answer: the model's output column, a struct that also holds the counts of unseen values.
        """
        counts = None if answer is None else F.col(answer)[COUNTS]
        checked = self.tally.watch(passing, counts)
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
        reasons = [F.when(F.col(_flag(place)), self._broken[place].reason) for place in self._refusing]
        lost = [F.col(_LOST)] if self.changes.type == "quarantine" else []
        told = F.array_compact(F.flatten(F.array(*lost, F.array(*reasons)) if reasons else F.array(*lost)))
        return bad.select(
            F.to_json(F.col(RAW), {**TIMES, "ignoreNullFields": "false"}).alias("_raw"),
            told.alias("_reasons"),
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
    def _broken(self) -> dict[int, Violation]:
        return {
            place: violation(check, place, self._columns, F.col(_number(place)) if isinstance(check, Unique) else None)
            for place, check in self._row_checks.items()
        }

    def _checked(self, rows: DataFrame, whole: bool) -> DataFrame:
        """Return typed rows with a flag per check; `whole` adds the raw row and its source file."""
        beside: list[Column] = []
        matched = [check.column for check in self._row_checks.values() if isinstance(check, Matches)]
        if whole:
            beside += [F.struct(*[col(name) for name in self._named]).alias(RAW), _source(rows).alias(_SOURCE)]
        elif matched and (needed := self._columns.raw_needed(matched)):
            beside.append(F.struct(*[col(name) for name in needed]).alias(RAW))
        if self.changes.type == "quarantine":
            beside.append(self._lost_reasons().alias(_LOST))
        inspected = typed(rows.select("*", *beside) if beside else rows, self.types, self.zone, key=self.key)
        for place, check in self._row_checks.items():
            if isinstance(check, Unique):
                inspected = inspected.withColumn(_number(place), self._occurrence(check))
        flags = {_flag(place): one.condition for place, one in self._broken.items()}
        return inspected.withColumns(flags) if flags else inspected

    def _lost_reasons(self) -> Column:
        kinds = {kind.name: WORDS[kind.cells] for kind in self.types}
        said = [
            F.when(
                lost, F.concat(F.lit(f"{name} is '"), _cut(col(name)), F.lit(f"', which is not read as {kinds[name]}"))
            )
            for name, lost in self._lost.items()
        ]
        return F.array_compact(F.array(*said)) if said else F.array().cast("array<string>")

    def _occurrence(self, check: Unique) -> Column:
        """Return a row's number among the rows with the same values, ordered by content hash; 1 if a value is null."""
        cells = [self._columns.cell(name).value for name in check.columns]
        there = reduce(lambda one, other: one & other, [cell.isNotNull() for cell in cells])
        content = row_hash(self._typed_schema, col)
        # Without their hash, all rows with a null would land in one partition.
        apart = F.when(~there, content)
        return F.when(there, F.row_number().over(Window.partitionBy(*cells, apart).orderBy(content)))

    @cached_property
    def _typed_schema(self) -> dict[str, T.DataType]:
        return {field.name: field.dataType for field in self.typed.schema}

    @property
    def _named(self) -> list[str]:
        return [name for name in self.rows.columns if name not in RESERVED]


def _flag(place: int) -> str:
    return f"⟨broken {place}⟩"


def _number(place: int) -> str:
    return f"⟨number {place}⟩"


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

"""Rows checked by the checks: which are scored, which are refused and why, and what is counted of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Final

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.checks.batch_checks import measure
from spark_jobs.checks.batch_metrics import REFUSED, ROWS, BatchMetrics, Key
from spark_jobs.checks.cells import RAW, WORDS, Columns
from spark_jobs.checks.row_checks import Violation, violation
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.unseen import COUNTS
from spark_jobs.columns.casts import lost_cells, typed
from spark_jobs.columns.names import RESERVED, UNREAD_KEY, col
from spark_jobs.columns.row_ids import row_hash
from spark_jobs.columns.types import ColumnType
from spark_jobs.spec.checks import Changes, Check, Matches, RowCheck, TableCheck, Unique

_LOST: Final = "⟨lost⟩"
_SOURCE: Final = "⟨source⟩"
TIMES: Final = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


@dataclass(frozen=True)
class CheckedRows:
    """Rows as they came, and the rules that they are checked by.

    Nothing is read here, and nothing but columns is made, so it serves batches and micro-batches alike.
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
        """Whether any row can be refused."""
        return bool(self._refusing) or self.changes.type == "quarantine"

    @property
    def must_be_counted_first(self) -> bool:
        """Whether the whole batch can be refused, so that it has to be counted before anything is written."""
        return self.changes.type == "refuse" or any(check.severity == "fail" for check in self.checks)

    @cached_property
    def tally(self) -> BatchMetrics:
        """What is counted."""
        metrics: dict[Key, Column] = {ROWS: F.count(F.lit(1))}
        if self.may_refuse:
            metrics[REFUSED] = F.count_if(self._refused)
        for place in self._row_checks:
            metrics["check", place] = F.count_if(F.col(_flag(place)))
        for place, check in enumerate(self.checks):
            if isinstance(check, TableCheck):
                metrics["check", place] = measure(check, place, self._columns)
        return BatchMetrics(tuple(self._lost), metrics, self.training_domain)

    @cached_property
    def passing(self) -> DataFrame:
        """All rows, typed, with what they are checked by: for `keep_valid`, once and whole."""
        return self._checked(self.tally.watch_raw(self.rows), whole=False)

    def keep_valid(self, passing: DataFrame, answer: str | None = None) -> DataFrame:
        """Of rows that pass those that are to be scored, and nothing beside; `tally` counts all of them meanwhile.

        `answer` is a column that a model has put beside them, a struct with the counts of what is not familiar. So the
        rows are looked at once on their way, behind the model: the few that are refused go through it in vain.
        """
        counts = None if answer is None else F.col(answer)[COUNTS]
        checked = self.tally.watch(passing, counts)
        kept = checked.where(~self._refused) if self.may_refuse else checked
        names = [*self.rows.columns, *([UNREAD_KEY] if UNREAD_KEY in passing.columns else [])]
        return kept.select(*map(col, names), *([] if answer is None else [F.col(answer)]))

    @cached_property
    def good(self) -> DataFrame:
        """The typed rows that are to be scored, by something that counts nothing itself."""
        return self.keep_valid(self.passing)

    @cached_property
    def refused(self) -> DataFrame | None:
        """The rows that are not scored: `_raw`, `_reasons`, `_source`, and `_form` to read the raw row again."""
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
        """All rows, typed, not checked."""
        return typed(self.rows, self.types, self.zone, key=self.key)

    def checked(self) -> DataFrame:
        """The rows with what `tally` counts, not watched."""
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
    def _columns(self) -> Columns:
        types = {kind.name: kind for kind in self.types}
        return Columns(types, dict(self.rows.dtypes), self._typed_schema, self.zone)

    @cached_property
    def _lost(self) -> Mapping[str, Column]:
        return lost_cells(self.rows, self.types, self.zone)

    @cached_property
    def _broken(self) -> dict[int, Violation]:
        return {
            place: violation(check, place, self._columns, F.col(_number(place)) if isinstance(check, Unique) else None)
            for place, check in self._row_checks.items()
        }

    def _checked(self, rows: DataFrame, whole: bool) -> DataFrame:
        """Typed rows with a flag for each check; `whole` adds the row as it came and its file."""
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
        """The number of a row among those of the same values, in the order of their content; 1 where one is missing."""
        cells = [self._columns.cell(name).value for name in check.columns]
        there = reduce(lambda one, other: one & other, [cell.isNotNull() for cell in cells])
        content = row_hash(self._typed_schema, col)
        # Rows with a missing value would all gather in one place, for nothing.
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
    """The raw row's columns and types, by which its text is read again."""
    fields = [field for field in schema.fields if field.name not in RESERVED]
    return T.StructType([T.StructField(one.name, _readable(one.dataType)) for one in fields]).json()


def _readable(kind: T.DataType) -> T.DataType:
    """A column without a type has nothing but nulls, and JSON is not read as such."""
    return T.StringType() if isinstance(kind, T.NullType) else kind


def _source(rows: DataFrame) -> Column:
    """Where a row came from: what the source says of it, or its file."""
    if "_source" in rows.columns:
        return F.col("_source")
    if "_metadata" not in rows.columns:
        try:
            rows.select(F.col("_metadata.file_path")).schema  # noqa: B018 - Connect looks only when asked
        except AnalysisException:
            return F.lit(None).cast("string")
        return F.col("_metadata.file_path")
    return F.lit(None).cast("string")

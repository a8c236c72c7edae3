"""Prepare training rows: read, type, hash, deduplicate, split and count the source."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import progress
from spark_jobs.columns.casts import ColumnHints
from spark_jobs.columns.names import col
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError, SparkJobsError
from spark_jobs.formatting import format_percent
from spark_jobs.plan import LearningTask, infer_task
from spark_jobs.profile.batch import ScanOptions
from spark_jobs.profile.detect import WARNED, detect, named_formats
from spark_jobs.profile.plain import profile_here, profile_plain
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.scan import is_scannable, presence, scan_columns, scannable, with_exact_counts
from spark_jobs.sources.null_values import replace_null_values
from spark_jobs.sources.source_table import Table
from spark_jobs.sources.table_reader import read_source, read_source_here
from spark_jobs.spec import Spec
from spark_jobs.training.columns import check_columns
from spark_jobs.training.duplicates import duplicates, is_any_alike
from spark_jobs.training.labels import remap_labels, seen_in_training
from spark_jobs.training.row_counts import check_balance, count_rows
from spark_jobs.training.split import SplitRule, split_rule
from spark_jobs.training.staging import HASH, LABEL, NUMBER, is_staged, stage, staged_rows, tells_duplicates

_TARGET = "⟨target⟩"


@dataclass(frozen=True)
class SourceProfile:
    """A source with the profile of all its rows and the types of its columns."""

    table: Table
    raw: Profile
    types: Mapping[str, ColumnType]

    @property
    def lost(self) -> dict[str, int]:
        """Return the number of cells that do not parse as their column's type, by column."""
        return {name: lost for name, kind in self.types.items() if (lost := count_lost_cells(self.raw[name], kind))}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return warnings about the source."""
        malformed, rows = self.table.malformed_count, self.raw.rows + self.table.malformed_count
        unread = [f"{malformed:,} of {rows:,} rows are malformed: they go to quarantine."] if malformed else []
        return *self.table.reading.warnings, *unread, *filter(None, map(self._much_lost, self.lost))

    def _much_lost(self, name: str) -> str:
        lost, cells = self.lost[name], self.raw[name].present
        if self.raw[name].type_counts is None or lost <= WARNED * cells:
            return ""
        share = f"{lost:,} of {cells:,} cells ({format_percent(lost, cells)})"
        return f"'{name}': {share} do not parse as {self.types[name].cells} and become null."

    @property
    def unread(self) -> list[ColumnType]:
        """Return the columns with a stored type that cannot be read."""
        lost = {name: kind for name, kind in self.table.unusable.items() if name not in self.types}
        return [
            ColumnType(name, "text", "unsupported", f"stored as {kind}, which cannot be read")
            for name, kind in lost.items()
        ]

    @property
    def seen(self) -> ColumnHints:
        """Return what the profile knows about all cells of a text source."""
        return seen_in(self.raw, self.types)

    @property
    def rows(self) -> DataFrame:
        """Return the rows of the table, without searching for null values that the profile did not find."""
        if self.table.raw is None:
            return self.table.rows
        return replace_null_values(self.table.raw, self.table.reading.null_values, self.seen)


@dataclass(frozen=True)
class InspectedSource(SourceProfile):
    """A source profile with the learning task."""

    problem: LearningTask

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return warnings about the source and the target."""
        return *super().warnings, *self.problem.warnings


@dataclass(frozen=True)
class Prepared:
    """Distinct rows with a target, and the rule that selects the test rows.

    Attributes:
        inspected: the source, with its task over all labels.
        problem: the task with the labels that training rows have.
        rule: selects the test rows.
        class_rows: training rows by label index.
        is_unique: whether all staged rows differ in the key or, without one, in the features.
    """

    inspected: InspectedSource
    problem: LearningTask
    rows: DataFrame
    rule: SplitRule
    counts: Mapping[str, int]
    class_rows: Mapping[int, int]
    is_unique: bool = False

    @property
    def training(self) -> DataFrame:
        """Return the training rows, with labels as indices among the training labels."""
        label = remap_labels(F.col(LABEL), self.inspected.problem, self.problem)
        return self.rows.where(~self._tests()).withColumn(LABEL, label)

    @property
    def test(self) -> DataFrame:
        """Return the test rows."""
        return self.rows.where(self._tests())

    def _tests(self) -> Column:
        return F.coalesce(self.rule.is_test(self.rows, F.col(HASH), F.col(NUMBER)), F.lit(False))


def seen_in(raw: Profile, types: Mapping[str, ColumnType]) -> ColumnHints:
    """Return what a source's raw profile knows about all cells, so that the cast can skip needless work."""
    readings = [(kind, reading) for name, kind in types.items() if (reading := raw[name].type_counts)]
    return ColumnHints(
        plain=frozenset(kind.name for kind, reading in readings if reading.is_plain(kind)),
        words=frozenset(kind.name for kind, reading in readings if kind.cells == "text" and not reading.number),
        digits=frozenset(kind.name for kind, reading in readings if not reading.fraction),
        trimmed=frozenset(name for name in types if raw[name].trimmed),
        null_values={name: marks for name in types if (marks := raw[name].null_values) is not None},
    )


def profile_source(spec: Spec, spark: SparkSession) -> SourceProfile:
    """Read a source and profile every cell once.

    Raises:
        DataError: the source has no rows, or lacks a column that the spec names.
    """
    with progress.phase("reading"):
        table = read_source(spec.source, spark)
        check_columns(spec, table.columns, _unusable(table))
        raw = with_exact_counts(profile_raw(table, spec), table.rows)
    if not raw.rows:
        raise DataError(f"{table.reading.location} holds no rows.", "Check the source, and that it is complete.")
    columns = Profile(raw.rows, {name: column for name, column in raw.columns.items() if name != _TARGET})
    types = {kind.name: kind for kind in detect(columns, spec, table.codes)}
    return SourceProfile(table, raw, types)


def _unusable(table: Table) -> dict[str, str]:
    """Return the columns that no step can use, with their stored types."""
    fields = [field for field in table.rows.schema if not is_scannable(field.dataType)]
    return {**{field.name: field.dataType.simpleString() for field in fields}, **table.unusable}


def inspect_source(spec: Spec, spark: SparkSession) -> InspectedSource:
    """Profile a source and infer the learning task.

    Raises:
        DataError: as in `profile_source`; or the weight is not numeric, or the target cannot be learned.
    """
    seen = profile_source(spec, spark)
    if spec.weight and seen.types[spec.weight].cells not in ("number", "boolean"):
        kind = seen.types[spec.weight]
        raise DataError(
            f"The weight '{kind.name}' must be a number. It holds {kind.cells}: {kind.reason}.",
            "Fix the column, or remove `weight`.",
        )
    target = seen.raw.columns.get(_TARGET, seen.raw[spec.target])
    return InspectedSource(seen.table, seen.raw, seen.types, infer_task(spec, target, seen.types[spec.target]))


def profile_raw(table: Table, spec: Spec) -> Profile:
    """Return the profile of the raw source: the types that its text parses as, and its distinct values.

    A target that is not stored as text is also profiled as text.
    """
    columns = scannable(table.rows)
    columns |= {name: (stored, presence(name)) for name, stored in table.unusable.items() if name in columns}
    if spec.target in columns and columns[spec.target][0] != "string":
        columns[_TARGET] = ("string", col(spec.target).cast("string"))
    plain = profile_plain(table, _depth(spec))
    return scan_columns(table.rows, columns, depth=_depth(spec)) if plain is None else plain


def prefetch_source(spec: Spec) -> None:
    """Read and profile a small local text file while Spark starts; `profile_source` reports its errors."""
    source = spec.source
    with suppress(SparkJobsError):
        if (text := read_source_here(source)) is not None:
            profile_here(text, _depth(spec))


def _depth(spec: Spec) -> ScanOptions:
    decimal = str(spec.source.options.get("decimal", "."))
    return ScanOptions(quantiles=False, type_counts=True, levels=1000, decimal=decimal, formats=named_formats(spec))


def count_lost_cells(column: ColumnProfile, kind: ColumnType) -> int:
    """Return how many cells of a text column do not parse as its type."""
    reading = column.type_counts
    if reading is None or kind.cells == "text":
        return column.nan + column.infinite
    return max(reading.cells - reading.read_as(kind), 0)


def prepare(spec: Spec, spark: SparkSession, inspected: InspectedSource, folder: Path) -> Prepared:
    """Stage a source's rows below `folder` and count them; rows that an interrupted run staged are reused."""
    staged, repeats = folder / "rows", folder / "duplicates"
    if not is_staged(staged):
        with progress.phase("staging"):
            stage(inspected.rows, spec, inspected.types, inspected.problem, staged, inspected.seen)
    everything = staged_rows(spark, staged, list(inspected.types))
    if tells_duplicates(spec, inspected.types) and (counted := _unlike(spec, inspected, everything)) is not None:
        return counted
    with progress.phase("duplicates"):
        distinct, repeated = _without_duplicates(spark, everything, spec, inspected, repeats)
    labelled = _labelled(distinct)
    rule = split_rule(spec, inspected.types, labelled)
    return _counted(Prepared(inspected, inspected.problem, labelled, rule, {}, {}), distinct, repeated)


def _labelled(rows: DataFrame) -> DataFrame:
    return rows.where(F.col(LABEL).isNotNull())


def _unlike(spec: Spec, inspected: InspectedSource, everything: DataFrame) -> Prepared | None:
    """Return the rows, counted while a parallel job searches for duplicates; None if there are any."""
    with ThreadPoolExecutor(1, "duplicates") as pool:
        looking = pool.submit(is_any_alike, everything)
        labelled = _labelled(everything)
        rule = split_rule(spec, inspected.types, labelled)
        counted = _counted(
            Prepared(inspected, inspected.problem, labelled, rule, {}, {}, is_unique=True), everything, 0
        )
        with progress.phase("duplicates"):
            return None if looking.result() else counted


def _without_duplicates(
    spark: SparkSession, rows: DataFrame, spec: Spec, inspected: InspectedSource, path: Path
) -> tuple[DataFrame, int]:
    if spec.clean.duplicates.by == "none":
        return rows, 0
    if not is_staged(path):
        duplicates(_labelled(rows), spec, inspected.types).coalesce(1).write.mode("overwrite").parquet(str(path))
    repeats = spark.read.parquet(str(path))
    repeated = repeats.count()
    return (rows.join(repeats, NUMBER, "left_anti") if repeated else rows), repeated


def _counted(prepared: Prepared, staged: DataFrame, repeated: int) -> Prepared:
    """Return the rows with their counts by outcome and, for training rows, by class."""
    table, with_classes = prepared.inspected.table, bool(prepared.inspected.problem.labels)
    with progress.phase("counting"):
        by_fate, by_class = count_rows(staged, prepared._tests(), with_classes)
    read_rows = prepared.inspected.raw.rows + table.malformed_count if table.records is None else table.records
    malformed = {"malformed": table.malformed_count, "quarantined": table.malformed_count}
    counts = {"read": read_rows, **by_fate, "duplicates": repeated, **malformed}
    check_balance(counts)
    problem = seen_in_training(prepared.problem, by_class) if counts["trained"] else prepared.problem
    class_rows = {index: by_class[prepared.problem.labels.index(one)] for index, one in enumerate(problem.labels)}
    return replace(prepared, problem=problem, counts=counts, class_rows=class_rows)

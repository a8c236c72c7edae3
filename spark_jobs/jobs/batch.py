"""What is scored together: an input as the plan's types, with everything about it that has to be counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from spark_jobs.data.names import col
from spark_jobs.data.source import kind_of_source, read
from spark_jobs.data.typed import lost_cells, typed
from spark_jobs.data.types import ColumnType, Reading, Table
from spark_jobs.errors import DataError, SparkJobsError, did_you_mean
from spark_jobs.plan import Plan
from spark_jobs.spec import Source, Spec


@dataclass(frozen=True)
class Batch:
    """Rows to score, typed as the plan says, and the id that the same input always has.

    `extra` are columns that training did not know. `lost` counts the cells that do not read as
    their column's type. `unlike` says that no two rows are known to be alike, in key or cells.
    """

    rows: DataFrame
    batch_id: str
    location: str
    malformed: DataFrame | None = None
    malformed_count: int = 0
    extra: tuple[str, ...] = ()
    lost: LostCells | None = None
    unlike: bool = False

    @property
    def refused(self) -> DataFrame | None:
        """The rows that are not scored, as quarantine keeps them; None where there can be none."""
        return self.malformed

    def refused_count(self) -> int:
        """How many rows are not scored, by a pass over them."""
        return self.refused.count() if self.refused is not None else 0


@dataclass(frozen=True)
class LostCells:
    """Cells that are no longer there as their column's type: counted while the rows pass, or by a look of its own."""

    rows: DataFrame
    conditions: Mapping[str, Column]
    before: Observation = field(default_factory=Observation)
    after: Observation = field(default_factory=Observation)

    def observed(self) -> dict[str, int]:
        """The counts of a plain write that read every row; after any other action this may wait for ever."""
        left: Mapping[str, int] = self.after.get
        return {name: int(count) - int(left[name]) for name, count in self.before.get.items()}

    def counted(self) -> dict[str, int]:
        """The counts, by a pass over the rows."""
        found = self.rows.agg(*(F.count_if(lost).alias(name) for name, lost in self.conditions.items())).first()
        return dict(zip(self.conditions, found or (), strict=False))


def input_source(spec: Spec, path: str | None, spark: SparkSession) -> Source:
    """The source to score: that of the spec, or its form at another path, or another form where the path says so."""
    if path is None:
        return spec.source
    same = spec.source.model_copy(update={"path": path, "table": None})
    try:
        said = kind_of_source(Source(path=path), spark)
        expected = kind_of_source(spec.source, spark)
    except SparkJobsError:
        return same
    other = Source(path=path, null_values=spec.source.null_values)
    return same if said == expected else other.model_copy(update={"kind": said})


def is_empty_file(source: Source) -> bool:
    """Whether the source is a file of no bytes, which holds nothing to score."""
    return source.path is not None and Path(source.path).is_file() and Path(source.path).stat().st_size == 0


def read_batch(source: Source, plan: Plan, spark: SparkSession, spec: Spec) -> Batch:
    """Reads an input for scoring.

    Raises:
        DataError: it cannot be read, or lacks a column that the model uses.
    """
    return batch_of(read(source, spark), plan, spec)


def batch_of(table: Table, plan: Plan, spec: Spec) -> Batch:
    """A table that was read, or a micro-batch of a stream, as what is scored together. Nothing of it is looked at here.

    Raises:
        DataError: it lacks a column that the model uses.
    """
    check_used(plan, table.rows.columns, f"{table.reading.location} lacks")
    rows, lost = _typed(table.rows, plan)
    known = {kind.name for kind in plan.types}
    extra = tuple(name for name in table.rows.columns if name not in known)
    location = table.reading.location
    return Batch(rows, batch_id(table), location, table.malformed, table.malformed_count, extra, lost)


def batch_id(table: Table) -> str:
    """What the same data, read in the same way, always has."""
    reading: Reading = table.reading
    form = f"{table.fingerprint}\n{reading.kind}\n{sorted(reading.options.items())}\n{reading.null_values}"
    return sha256(form.encode()).hexdigest()[:32]


def check_used(plan: Plan, names: Sequence[str], subject: str = "The rows lack") -> None:
    """Refuses an input without a column that the model reads; `subject` begins the sentence.

    Raises:
        DataError: with the column's name and the nearest one.
    """
    missing = [name for name in plan.used if name not in names]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing[:10]) + (" …" if len(missing) > 10 else "")
        raise DataError(f"{subject} what the model reads: {listed}.", did_you_mean(missing[0], names))


def _typed(rows: DataFrame, plan: Plan) -> tuple[DataFrame, LostCells | None]:
    present: list[ColumnType] = [kind for kind in plan.types if kind.name in rows.columns]
    conditions = lost_cells(rows, present, plan.timezone)
    if not conditions:
        return typed(rows, present, plan.timezone), None
    lost = LostCells(rows, conditions)
    filled = [F.count(col(name)).alias(name) for name in conditions]
    before = rows.observe(lost.before, *filled)
    return typed(before, present, plan.timezone).observe(lost.after, *filled), lost

"""A batch to score: the input typed as the plan says, with its checks and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.checks import parse_checks
from spark_jobs.checks.report import CheckReport, check_report, refuse
from spark_jobs.checks.row_validation import CheckedRows
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.columns.names import RESERVED, col
from spark_jobs.errors import DataError, SparkJobsError, did_you_mean, format_list
from spark_jobs.plan import Plan
from spark_jobs.sources.kinds import declared_kind
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.sources.table_reader import kind_of_source
from spark_jobs.spec import Source, Spec


@dataclass(frozen=True)
class Batch:
    """Rows to score, typed as the plan says, with an id that depends only on the input and how it is read.

    Attributes:
        rows: the rows. If `checked` is set, these are all rows, and `keep_valid` filters them while they are scored.
        batch_id: the same for the same input.
        checked: the checks of the rows: which are quarantined, and what is counted.
        is_unique: whether all rows differ in key (or in cells, without a key); None if that is not known.
        skipped: checks that are skipped because the input has no target.
        reads: what the ledger stores about the input.
        records: the number of input records, if the source counted them.
    """

    rows: DataFrame
    batch_id: str
    location: str
    malformed: DataFrame | None = None
    malformed_count: int = 0
    extra: tuple[str, ...] = ()
    checked: CheckedRows | None = None
    is_unique: bool | None = None
    skipped: tuple[str, ...] = ()
    reads: Mapping[str, Any] = field(default_factory=dict)
    records: int | None = None

    @property
    def may_refuse(self) -> bool:
        """Return whether rows can be quarantined."""
        return self.malformed is not None or (self.checked is not None and self.checked.may_refuse)

    @property
    def refused(self) -> DataFrame | None:
        """Return the rows to quarantine, in the quarantine table's columns; None if there can be none."""
        bad = self.checked.refused if self.checked is not None else None
        if bad is None or self.malformed is None:
            return bad if bad is not None else self.malformed
        return bad.unionByName(self.malformed, allowMissingColumns=True)

    def refused_count(self) -> int:
        """Count the rows to quarantine, by a pass over them."""
        return self.refused.count() if self.refused is not None else 0

    def accept(self) -> CheckReport | None:
        """Count the rows before anything is written, if a check can refuse the whole batch.

        Returns:
            The report of the checks, or None if no check can refuse the batch.

        Raises:
            DataError: the batch is refused.
        """
        if self.checked is None or not self.checked.must_be_counted_first:
            return None
        found = self.found(seen=False)
        refuse(found, self.location, self.checked.changes.type)
        return found

    def found(self, seen: bool) -> CheckReport:
        """Return the report of the checks.

        Args:
            seen: whether one plain write has read every row; otherwise this makes a pass over the rows.
        """
        if self.checked is None:
            return CheckReport()
        metrics, checked = self.checked.metrics, self.checked
        counts = metrics.observed(checked.checked) if seen else metrics.counted(checked.rows, checked.checked())
        return check_report(checked.checks, counts)

    @property
    def good(self) -> DataFrame:
        """Return the rows to score, for a consumer that does not call `keep_valid`."""
        return self.rows if self.checked is None else self.checked.good

    def keep_valid(self, passing: DataFrame, answer: str) -> DataFrame:
        """Return the scored rows without those that go to quarantine; `answer` is the model's output column."""
        return passing if self.checked is None else self.checked.keep_valid(passing, answer)

    @property
    def training_domain(self) -> TrainingDomain:
        """Return the training domain; values outside it are counted."""
        return TrainingDomain() if self.checked is None else self.checked.training_domain


def input_source(spec: Spec, path: str | Source | None, spark: SparkSession) -> Source:
    """Return the source to score.

    Without a path that is the spec's source. With a path it is the spec's source at that path, or a source of another
    kind if the path is recognized as one; that one keeps only the spec's `null_values`, and so does a given source.
    """
    if path is None:
        return spec.source
    if isinstance(path, Source):
        return path.model_copy(update={"null_values": spec.source.null_values})
    kind = declared_kind(spec.source)
    if kind is not None and kind.is_in_program:
        return Source(path=path, null_values=spec.source.null_values)
    same = spec.source.model_copy(update={"path": path, "table": None})
    try:
        said = kind_of_source(Source(path=path), spark)
        expected = kind_of_source(spec.source, spark)
    except SparkJobsError:
        return same
    other = Source(path=path, null_values=spec.source.null_values)
    return same if said == expected else other.model_copy(update={"kind": said})


def is_empty_file(source: Source) -> bool:
    """Return whether the source is a file of zero bytes, which holds nothing to score."""
    return source.path is not None and Path(source.path).is_file() and Path(source.path).stat().st_size == 0


def batch_of(table: Table, plan: Plan, spec: Spec, training_domain: TrainingDomain | None = None) -> Batch:
    """Return a table, or a micro-batch of a stream, as a batch. Nothing is read here.

    Args:
        training_domain: the values seen in training, if values outside it are to be counted.

    Raises:
        DataError: the input lacks a column that the model or a check reads, or has a column that `changes.added`
            refuses.
    """
    location = table.reading.location
    check_used(plan, table.rows.columns, f"{location} lacks")
    rows, extra = _known(table.rows, plan, spec, location)
    checks = parse_checks(spec.checks)
    absent = spec.target not in rows.columns
    skipped = tuple(check for check in checks if absent and spec.target in check.column_names)
    checked = CheckedRows(
        rows,
        tuple(kind for kind in plan.types if kind.name in rows.columns),
        plan.timezone,
        tuple(check for check in checks if check not in skipped),
        spec.changes,
        training_domain or TrainingDomain(),
        tuple(name for name in spec.key if name in rows.columns),
    )
    number = batch_id(table) if not checked.may_refuse else _checked_id(table, checked)
    malformed = table.malformed, table.malformed_count
    return Batch(
        checked.passing,
        number,
        location,
        *malformed,
        extra,
        checked,
        skipped=tuple(check.describe() for check in skipped),
        reads=table.reads,
        records=table.records,
    )


def batch_id(table: Table) -> str:
    """Return the id of a table: the same for the same data read in the same way."""
    return _hashed(_reading(table))


def _reading(table: Table) -> str:
    reading: Reading = table.reading
    return f"{table.fingerprint}\n{reading.kind}\n{sorted(reading.options.items())}\n{reading.null_values}"


def _checked_id(table: Table, checked: CheckedRows) -> str:
    """Return the id of a batch whose rows can be quarantined: the same data under other checks is another batch.

    Rows that passed before are in the predictions already and are not added again. Rows that were quarantined before
    stay in quarantine with the reasons of that time.
    """
    refusing = sorted(check.model_dump_json() for check in checked.checks if check.severity == "quarantine")
    types = [
        (kind.name, kind.cells, kind.integral, kind.formats, kind.decimal if kind.numerals.plain else kind.numerals)
        for kind in checked.types
    ]
    scales = [(kind.name, kind.scale) for kind in checked.types if kind.scale is not None]
    rules = f"{refusing}\n{checked.changes.type == 'quarantine'}\n{types}\n{checked.zone}{scales or ''}"
    return _hashed(f"{_reading(table)}\n{rules}")


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _known(rows: DataFrame, plan: Plan, spec: Spec, location: str) -> tuple[DataFrame, tuple[str, ...]]:
    """Return the rows without ignored columns, and the names of the columns that training did not know."""
    known = {*plan.names} | RESERVED
    extra = tuple(name for name in rows.columns if name not in known)
    if extra and spec.changes.added == "refuse":
        raise DataError(
            f"{location} has columns that training did not know: {format_list(extra, quote=True)}.",
            "Remove them, or set `changes.added` to keep or ignore.",
        )
    if spec.changes.added == "ignore":
        rows = rows.select(*[col(name) for name in rows.columns if name not in extra])
    return rows, extra


def check_used(plan: Plan, names: Sequence[str], subject: str = "The rows lack") -> None:
    """Refuse an input that lacks a column that the model reads.

    Raises:
        DataError: a column is missing; the message names it and the advice the nearest name.
    """
    missing = [name for name in plan.used if name not in names]
    if missing:
        listed = format_list(missing, quote=True)
        raise DataError(f"{subject} columns that the model reads: {listed}.", did_you_mean(missing[0], names))

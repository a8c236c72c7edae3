"""What is scored together: an input as the plan's types, with everything about it that has to be counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.checks.report import CheckReport, check_report, refuse
from spark_jobs.checks.row_validation import CheckedRows
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.wording import columns_of, described
from spark_jobs.columns.names import RESERVED, col
from spark_jobs.errors import DataError, SparkJobsError, did_you_mean
from spark_jobs.plan import Plan
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.sources.table_reader import kind_of_source
from spark_jobs.spec import Source, Spec


@dataclass(frozen=True)
class Batch:
    """Rows to score, typed as the plan says, and the id that the same input always has.

    `malformed` are rows that could not be read, `checked` what is known of the others: which of them are refused, and
    what is counted; with it `rows` are all of them, to be sifted while they are scored. `extra` are columns that
    training did not know, `skipped` the checks of a target that is not there. `is_unique` says whether no two rows are
    alike, in key or cells; None where nobody has looked. `reads` is what the ledger keeps of the input, `records` how
    many it holds where that was counted at the source.
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
        """Whether there can be rows that are not scored."""
        return self.malformed is not None or (self.checked is not None and self.checked.may_refuse)

    @property
    def refused(self) -> DataFrame | None:
        """The rows that are not scored, as quarantine keeps them; None where there can be none."""
        bad = self.checked.refused if self.checked is not None else None
        if bad is None or self.malformed is None:
            return bad if bad is not None else self.malformed
        return bad.unionByName(self.malformed, allowMissingColumns=True)

    def refused_count(self) -> int:
        """How many rows are not scored, by a pass over them."""
        return self.refused.count() if self.refused is not None else 0

    def accept(self) -> CheckReport | None:
        """Counts the rows before anything is written, where a check may refuse the whole batch; None where none may.

        Raises:
            DataError: it is refused.
        """
        if self.checked is None or not self.checked.must_be_counted_first:
            return None
        found = self.found(seen=False)
        refuse(found, self.location, self.checked.changes.type)
        return found

    def found(self, seen: bool) -> CheckReport:
        """What the checks say; `seen` where every row has passed through one plain write, else by a pass over them."""
        if self.checked is None:
            return CheckReport()
        tally, checked = self.checked.tally, self.checked
        counts = tally.observed(checked.checked) if seen else tally.counted(checked.rows, checked.checked())
        return check_report(checked.checks, counts)

    @property
    def good(self) -> DataFrame:
        """The rows that are to be scored, where nothing sifts them on the way."""
        return self.rows if self.checked is None else self.checked.good

    def keep_valid(self, passing: DataFrame, answer: str) -> DataFrame:
        """Of rows that were scored those that are not refused."""
        return passing if self.checked is None else self.checked.keep_valid(passing, answer)

    @property
    def training_domain(self) -> TrainingDomain:
        """What the training rows held, beside which cells are counted."""
        return TrainingDomain() if self.checked is None else self.checked.training_domain


def input_source(spec: Spec, path: str | Source | None, spark: SparkSession) -> Source:
    """The source to score: that of the spec, or its form at another path, or another form where the path says so.

    A source that is not a path keeps the spec's marks of missing values, and nothing else of it.
    """
    if path is None:
        return spec.source
    if isinstance(path, Source):
        return path.model_copy(update={"null_values": spec.source.null_values})
    if spec.source.kind == "dataframe":
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
    """Whether the source is a file of no bytes, which holds nothing to score."""
    return source.path is not None and Path(source.path).is_file() and Path(source.path).stat().st_size == 0


def batch_of(table: Table, plan: Plan, spec: Spec, training_domain: TrainingDomain | None = None) -> Batch:
    """A table that was read, or a micro-batch of a stream, as what is scored together. Nothing of it is looked at here.

    `training_domain` is what the training rows held, where rows beside that are to be counted.

    Raises:
        DataError: it lacks a column that the model uses or a check is about, or has one that it must not have.
    """
    location = table.reading.location
    check_used(plan, table.rows.columns, f"{location} lacks")
    rows, extra = _known(table.rows, plan, spec, location)
    absent = spec.target not in rows.columns
    skipped = tuple(check for check in spec.checks if absent and spec.target in columns_of(check))
    checked = CheckedRows(
        rows,
        tuple(kind for kind in plan.types if kind.name in rows.columns),
        plan.timezone,
        tuple(check for check in spec.checks if check not in skipped),
        spec.changes,
        training_domain or TrainingDomain(),
        tuple(name for name in spec.key if name in rows.columns),
    )
    number = batch_id(table) if not checked.may_refuse else _judged_id(table, checked)
    told = tuple(described(check) for check in skipped)
    torn = table.malformed, table.malformed_count
    return Batch(
        checked.passing, number, location, *torn, extra, checked, skipped=told, reads=table.reads, records=table.records
    )


def batch_id(table: Table) -> str:
    """What the same data, read in the same way, always has."""
    return _hashed(_reading(table))


def _reading(table: Table) -> str:
    reading: Reading = table.reading
    return f"{table.fingerprint}\n{reading.kind}\n{sorted(reading.options.items())}\n{reading.null_values}"


def _judged_id(table: Table, checked: CheckedRows) -> str:
    """The id of a batch of which rows may be refused: judged by other rules, the same data is another batch.

    What passed before is in the table already and not added again; what was refused before stays in quarantine as what
    was said of it then.
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
    """The rows without the columns that are to be left out, and those that training did not know."""
    known = {*plan.names} | RESERVED
    extra = tuple(name for name in rows.columns if name not in known)
    if extra and spec.changes.added == "refuse":
        listed = ", ".join(f"'{name}'" for name in extra[:10])
        raise DataError(
            f"{location} has columns that training did not know: {listed}.",
            "Take them out, or set `changes.added` to keep or ignore.",
        )
    if spec.changes.added == "ignore":
        rows = rows.select(*[col(name) for name in rows.columns if name not in extra])
    return rows, extra


def check_used(plan: Plan, names: Sequence[str], subject: str = "The rows lack") -> None:
    """Refuses an input without a column that the model reads; `subject` begins the sentence.

    Raises:
        DataError: with the column's name and the nearest one.
    """
    missing = [name for name in plan.used if name not in names]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing[:10]) + (" …" if len(missing) > 10 else "")
        raise DataError(f"{subject} what the model reads: {listed}.", did_you_mean(missing[0], names))

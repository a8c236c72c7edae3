"""The result of a job: a summary for the terminal and a JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.bundle import REPORT
from spark_jobs.error_translation import translated_errors
from spark_jobs.errors import JobError, SparkJobsError
from spark_jobs.formatting import to_jsonable
from spark_jobs.notebook_html import notebook_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.scoring.trained_model import TrainedModel


@dataclass(frozen=True, slots=True)
class Result:
    """What a job did. Empty fields are omitted from the JSON.

    `rows` counts rows by outcome (read, trained, tested, scored, quarantined, duplicates …), `cells` counts the values
    that became null by column. `left_out` maps each unused column to the reason, `tables` each table to its location,
    `seconds` each phase to its duration. `warnings` are full sentences. `summary` has the lines for the terminal and
    is not part of the JSON.
    """

    job: str | None
    status: str = "done"
    error: Mapping[str, str] | None = None
    run_id: str | None = None
    model: Mapping[str, str | int | None] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    bundle: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)
    summary: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.summary)

    def _repr_html_(self) -> str:
        """Show what came of the job as a table in a notebook."""
        model = " ".join(str(part) for part in (self.model or {}).values() if part is not None)
        places = {"bundle": self.bundle, "report": self.report, "run": self.run_id}
        rows = [
            ("status", self.status),
            *([("model", model)] if model else []),
            *((f"rows {name}", count) for name, count in self.rows.items()),
            *self.metrics.items(),
            *((f"became null: {name}", count) for name, count in self.cells.items()),
            *((f"table {name}", place) for name, place in self.tables.items()),
            *((name, place) for name, place in places.items() if place is not None),
            *(("warning", sentence) for sentence in self.warnings),
        ]
        return notebook_table(self.summary[0] if self.summary else str(self.job), (), rows)

    @property
    def model_folder(self) -> Path:
        """The folder of the model that the job made or used.

        Raises:
            JobError: there is none.
        """
        if self.bundle is None:
            raise JobError("The result has no model.", "Give the result of `train` or `run`, or a bundle's folder.")
        return Path(self.bundle)

    @property
    def report(self) -> Path | None:
        """The HTML report of the model, one file that needs nothing else; None where there is none."""
        page = Path(self.bundle) / REPORT if self.bundle is not None else None
        return page if page is not None and page.is_file() else None

    @translated_errors()
    def load_model(self, spark: SparkSession | None = None) -> TrainedModel:
        """Load the model that the job made or used, its files checked one by one.

        Args:
            spark: the session for predictions by Spark; by default the active one when it is needed.

        Raises:
            JobError: the job has no model, or a file is not what was written.

        Example:
            spark_jobs.train(source=frame, target="price").load_model().predict(frame)
        """
        from spark_jobs.scoring.trained_model import load_bundle

        return load_bundle(self.model_folder, spark)

    def to_json(self) -> dict[str, object]:
        """Return the result as JSON values; `extra` is merged at the top level, NaN and infinities are left out."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("summary", "extra")}
        shown = {name: value for name, value in {**own, **self.extra}.items() if value not in (None, {}, ())}
        cleaned: dict[str, object] = to_jsonable(shown, omit=True)
        return cleaned


def failure(job: str | None, error: SparkJobsError) -> Result:
    """Return the result of a job that failed with this error."""
    told = {"kind": error.kind, "message": error.message, "advice": error.advice}
    return Result(job=job, status=error.status, error=told)

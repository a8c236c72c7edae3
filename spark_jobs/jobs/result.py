"""The result of a job: a summary for the terminal and a JSON object."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from spark_jobs.errors import SparkJobsError


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

    def to_json(self) -> dict[str, object]:
        """Return the result as JSON values; `extra` is merged at the top level, NaN and infinities are left out."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("summary", "extra")}
        shown = {name: value for name, value in {**own, **self.extra}.items() if value not in (None, {}, ())}
        cleaned = _finite(shown)
        assert isinstance(cleaned, dict)
        return cleaned


def failure(job: str | None, error: SparkJobsError) -> Result:
    """Return the result of a job that failed with this error."""
    told = {"kind": error.kind, "message": error.message, "advice": error.advice}
    return Result(job=job, status=error.status, error=told)


def _finite(value: object) -> object:
    """Return the value without NaN and infinities, which JSON cannot represent."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items() if not _is_no_number(item)}
    if isinstance(value, list | tuple):
        return [None if _is_no_number(item) else _finite(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    item = getattr(value, "item", None)  # NumPy's numbers
    return _finite(item()) if callable(item) else str(value)


def _is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)

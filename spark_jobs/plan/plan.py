"""The plan and its JSON form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spark_jobs.columns.types import ColumnType
from spark_jobs.features import CategoryInput, Input, NumberInput
from spark_jobs.notebook_html import notebook_table
from spark_jobs.plan.learning_task import LearningTask

Role = Literal["feature", "target", "weight", "ignored", "left out"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: its subject, the choice and the reason."""

    subject: str
    choice: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A column of the source with its role and the reason."""

    type: ColumnType
    role: Role
    reason: str

    @property
    def name(self) -> str:
        """Return the user's name of the column."""
        return self.type.name

    @property
    def kind(self) -> str:
        """Return the use of the column, such as category or identifier."""
        return self.type.kind


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before fitting.

    Attributes:
        columns: the columns of the source, in order.
        drops: the bounds outside of which training rows are dropped, by column.
        drop_missing: columns whose nulls drop a training row.
        balance: whether classes are weighted to be balanced.
        timezone: the time zone of times without one.
        decisions: the decisions with their reasons, for the report.
    """

    name: str
    problem: LearningTask
    columns: tuple[PlannedColumn, ...]
    inputs: tuple[Input, ...]
    drops: Mapping[str, tuple[float, float]]
    drop_missing: tuple[str, ...]
    model: str
    params: Mapping[str, Any]
    balance: bool
    weight: str | None
    key: tuple[str, ...]
    timezone: str
    seed: int
    decisions: tuple[Decision, ...]

    def __str__(self) -> str:
        return "\n".join(decision_lines(self.decisions))

    def _repr_html_(self) -> str:
        """Show every decision as a table in a notebook."""
        rows = [(one.subject, one.choice, one.reason) for one in self.decisions]
        return notebook_table(f"Plan {self.name}", ("about", "decision", "reason"), rows)

    @property
    def numbers(self) -> tuple[NumberInput, ...]:
        """Return the numeric inputs."""
        return tuple(one for one in self.inputs if isinstance(one, NumberInput))

    @property
    def categories(self) -> tuple[CategoryInput, ...]:
        """Return the categorical inputs."""
        return tuple(one for one in self.inputs if isinstance(one, CategoryInput))

    @property
    def types(self) -> tuple[ColumnType, ...]:
        """Return the types of all columns of the source, in order."""
        return tuple(column.type for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all columns of the source, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def left_out(self) -> dict[str, str]:
        """Return the reason for each column that the model could read but does not."""
        return {column.name: column.reason for column in self.columns if column.role == "left out"}

    def type_of(self, name: str) -> ColumnType:
        """Return the type of a column."""
        return next(column.type for column in self.columns if column.name == name)

    @property
    def used(self) -> tuple[str, ...]:
        """Return the columns that the model reads."""
        return tuple(dict.fromkeys(one.column for one in self.inputs))

    def to_json(self) -> str:
        """Return the plan as JSON text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Return the plan that `to_json` stored."""
        stored = json.loads(text)
        problem = stored["problem"] | {name: tuple(stored["problem"].get(name, ())) for name in ("labels", "warnings")}
        return cls(**stored | {
            "problem": LearningTask(**problem),
            "columns": tuple(_column(one) for one in stored["columns"]),
            "inputs": tuple(_input(one) for one in stored["inputs"]),
            "drops": {name: tuple(bounds) for name, bounds in stored["drops"].items()},
            "drop_missing": tuple(stored["drop_missing"]),
            "key": tuple(stored["key"]),
            "decisions": tuple(Decision(**one) for one in stored["decisions"]),
        })  # fmt: skip


def decision_lines(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Write every decision with its reason, a line each, in columns."""
    known = list(decisions)
    subject = min(max((len(one.subject) for one in known), default=0), 32)
    choice = min(max((len(one.choice) for one in known), default=0), 36)
    return tuple(f"{one.subject:<{subject}}  {one.choice:<{choice}}  {one.reason}".rstrip() for one in known)


def _column(stored: dict[str, Any]) -> PlannedColumn:
    kind = ColumnType(**stored["type"] | {"formats": tuple(stored["type"]["formats"])})
    return PlannedColumn(kind, stored["role"], stored["reason"])


def _input(stored: dict[str, Any]) -> Input:
    if "levels" in stored:
        return CategoryInput(**stored | {"levels": tuple(stored["levels"])})
    steps = tuple((role, kind) for role, kind in stored.get("steps", ()))
    return NumberInput(**stored | {"bounds": tuple(stored["bounds"]) if stored["bounds"] else None, "steps": steps})

"""The plan itself, and how it is stored."""

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
    """One choice: about what, which, and why."""

    subject: str
    choice: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A column of the source and what becomes of it."""

    type: ColumnType
    role: Role
    reason: str

    @property
    def name(self) -> str:
        """The user's name of the column."""
        return self.type.name

    @property
    def kind(self) -> str:
        """What the column is good for."""
        return self.type.kind


@dataclass(frozen=True)
class Plan:
    """All that is decided before anything is fitted. `drops` are the row rules' bounds, by column."""

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
        """The inputs that are numbers."""
        return tuple(one for one in self.inputs if isinstance(one, NumberInput))

    @property
    def categories(self) -> tuple[CategoryInput, ...]:
        """The inputs that are categories."""
        return tuple(one for one in self.inputs if isinstance(one, CategoryInput))

    @property
    def types(self) -> tuple[ColumnType, ...]:
        """How every column of the source is read, in the source's order."""
        return tuple(column.type for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of the source, in the source's order."""
        return tuple(column.name for column in self.columns)

    @property
    def left_out(self) -> dict[str, str]:
        """The columns that the model could have read and does not, with the reasons."""
        return {column.name: column.reason for column in self.columns if column.role == "left out"}

    def type_of(self, name: str) -> ColumnType:
        """How that column is read."""
        return next(column.type for column in self.columns if column.name == name)

    @property
    def used(self) -> tuple[str, ...]:
        """The columns the model reads."""
        return tuple(dict.fromkeys(one.column for one in self.inputs))

    def to_json(self) -> str:
        """The plan as text that `from_json` reads."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that `to_json` wrote."""
        stored = json.loads(text)
        return cls(**stored | {
            "problem": _problem(stored["problem"]),
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


def _problem(stored: dict[str, Any]) -> LearningTask:
    return LearningTask(**stored | {"labels": tuple(stored["labels"]), "warnings": tuple(stored.get("warnings", ()))})


def _column(stored: dict[str, Any]) -> PlannedColumn:
    kind = ColumnType(**stored["type"] | {"formats": tuple(stored["type"]["formats"])})
    return PlannedColumn(kind, stored["role"], stored["reason"])


def _input(stored: dict[str, Any]) -> Input:
    if "levels" in stored:
        return CategoryInput(**stored | {"levels": tuple(stored["levels"])})
    return NumberInput(**stored | {"bounds": tuple(stored["bounds"]) if stored["bounds"] else None})

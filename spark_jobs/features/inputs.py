"""Inputs of the model: numbers and categories, with their preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MISSING = "(missing)"
EMPTY = "(empty)"
AUTO = "auto"  # the algorithm decides
NONE = "none"  # no step
PARTS = ("elapsed", "year", "month", "day", "weekday", "hour", "minute")
CYCLIC = ("month", "day", "weekday", "hour")  # cyclic parts become categories for algorithms that use one-hot encoding


@dataclass(frozen=True, slots=True)
class NumberInput:
    """A numeric input of the model, with all its preprocessing.

    `part` is the part of a date or time (None for a plain number). Values outside of `bounds` are clipped or become
    null; nulls become `fill`. `shift` is subtracted before imputation if the spread is tiny compared with the mean.
    `steps` are the role and kind of each step between imputation and scaling, in order.
    """

    slot: str
    column: str
    part: str | None = None
    bounds: tuple[float, float] | None = None
    outside: Literal["clip", "null"] = "clip"
    fill: float = 0.0
    indicator: bool = False
    shift: float = 0.0
    scale: str = NONE
    steps: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """The display name."""
        return part_name(self.column, self.part)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the steps, in order."""
        return tuple(role for role, _ in self.steps)

    @property
    def columns(self) -> tuple[str, ...]:
        """The pipeline's columns after imputation and after each step."""
        return (f"{self.slot}_filled", *(f"{self.slot}_{role}" for role in self.roles))


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A categorical input of the model, with its levels in index order; all unseen values share one more level."""

    slot: str
    column: str
    levels: tuple[str, ...]
    encode: str
    fill: str = MISSING
    indicator: bool = False
    ordered: bool = False
    scale: str = NONE
    part: str | None = None

    @property
    def title(self) -> str:
        """The display name."""
        return part_name(self.column, self.part)


Input = NumberInput | CategoryInput


def part_name(column: str, part: str | None) -> str:
    """Return the display name of a column or of a date part, as profiles use it."""
    return f"{column} ▸ {part}" if part else column

"""What the tuning of an algorithm may change: typed parameters, and a portfolio of settings to try first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spark_jobs.spec import Task

Settings = Mapping[str, Any]
"""Values by name: an option of `model.params`, or a setting of `SPEC_SETTINGS`."""

SPEC_SETTINGS = ("features.categorical", "features.numeric", "model.balance")
"""Settings outside of `model.params` that a search may change, by their path in the spec."""


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers from `low` to `high`, both included; `log` searches orders of magnitude evenly."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def grid(self) -> list[Any]:
        """Return up to four values, evenly spaced from end to end.

        >>> NumberRange(0.001, 1, log=True).grid(), NumberRange(3, 5, whole=True).grid()
        ([0.001, 0.01, 0.1, 1.0], [3, 4, 5])
        """
        shares = [step / 3 for step in range(4)]
        if self.log:
            values = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            values = [self.low + (self.high - self.low) * share for share in shares]
        return list(dict.fromkeys(round(value) if self.whole else float(f"{value:.6g}") for value in values))


@dataclass(frozen=True, slots=True)
class Choices:
    """The values of a setting that is not a range."""

    values: tuple[Any, ...]

    def grid(self) -> list[Any]:
        """Return all values."""
        return list(self.values)


Parameter = NumberRange | Choices


@dataclass(frozen=True, slots=True)
class TableShape:
    """What the choice of algorithms and of first settings depends on.

    Attributes:
        task: regression, binary or multiclass.
        rows: Number of training rows.
        inputs: Number of input columns.
        classes: Number of classes; 0 for regression.
        numeric: Share of the inputs that are numbers.
        levels: Largest number of categories of an input.
        features: Length of the feature vector, roughly: an indicator for each level of a category.
    """

    task: Task
    rows: int
    inputs: int
    classes: int
    numeric: float
    levels: int
    features: int


def _no_settings(shape: TableShape) -> Sequence[Settings]:
    return ()


def _suitable(shape: TableShape) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """What a search may change for one algorithm.

    Attributes:
        parameters: The ranges of options, by name.
        encodings: Whether other encodings of categories are tried where columns have many levels.
        scalings: Whether other scalings of numbers are tried.
        class_weights: Whether balanced class weights are tried, for metrics of predicted labels.
        portfolio: Settings that are known to work, best first; the defaults are always tried.
        unsuitable: Why `model.kind: auto` leaves the algorithm out for such a table, or an empty text.
        automatic: Whether `model.kind: auto` considers the algorithm at all.
        stand_in: Whether it does so only where no trees can be fitted in a task.
        order: Place among the algorithms that `model.kind: auto` compares; the cheap ones come first.
        settled: Options that a fit in a task finds by early stopping, each with its upper bound.
    """

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    encodings: bool = False
    scalings: bool = False
    class_weights: bool = False
    portfolio: Callable[[TableShape], Sequence[Settings]] = _no_settings
    unsuitable: Callable[[TableShape], str] = _suitable
    automatic: bool = True
    stand_in: bool = False
    order: int = 1
    settled: Mapping[str, int] = field(default_factory=dict)

"""Parity of a graph and its pipeline: comparison of their outputs for the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """The outputs for N rows: numbers `[N]`, or class indices `[N]` with scores `[N, K]`.

    `valid` `[N]` is the graph's own output of that name.
    """

    prediction: Numbers
    scores: Numbers | None = None
    valid: npt.NDArray[np.bool_] | None = None

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Whether all outputs of a row are finite, `[N]`."""
        said: npt.NDArray[np.bool_] = np.isfinite(self.prediction)
        return said if self.scores is None else said & np.isfinite(self.scores).all(axis=1)


@dataclass(frozen=True)
class Parity:
    """The comparison of a graph with its pipeline: rows by kind, differing rows by kind, and the largest difference.

    A difference is absolute, or relative for values above 1. A row with a non-finite output on both sides counts as
    equal if the graph marks it as not valid. A required kind without rows fails the comparison. `causes` describes the
    rows that differ by more than a finite number; `example` is the index of one differing row.
    """

    bound: float
    rows: Mapping[str, int]
    differing: Mapping[str, int]
    largest: float
    causes: tuple[str, ...] = ()
    example: int | None = None

    @property
    def holds(self) -> bool:
        """Whether no row differs and every required kind has rows."""
        return bool(self.rows) and all(self.rows.values()) and not any(self.differing.values())

    def __str__(self) -> str:
        rows, off = sum(self.rows.values()), sum(self.differing.values())
        if self.holds:
            return f"equal on {rows:,} rows of {len(self.rows)} kinds, largest difference {self.largest:.1e}"
        untried = [kind for kind, count in self.rows.items() if not count]
        if untried or not rows:
            return f"not verified: there are no rows of the kinds {', '.join(untried) or 'any'}"
        causes = "; ".join([*self.causes, f"largest finite difference {self.largest:.1e}"])
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.differing.items() if count)
        return f"{off:,} of {rows:,} rows differ ({causes}; by kind of row: {kinds})"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return asdict(self) | {"holds": self.holds}


def compare(
    pipeline: Answers, graph: Answers, kinds: Sequence[str], bound: float, wanted: Iterable[str] = ()
) -> Parity:
    """Compare outputs by kind of row; classes may differ if their scores tie within the bound.

    Args:
        pipeline: The outputs of the Spark pipeline.
        graph: The outputs of the graph for the same rows.
        wanted: The kinds that must have rows.
    """
    off = _off(pipeline, graph)
    if graph.valid is not None:
        off = np.where(~graph.valid & ~pipeline.finite, 0.0, off)
        off = np.where(graph.valid != graph.finite, np.inf, off)
    wrong = ~(off <= bound)
    names = np.array(kinds, dtype=str)
    found = sorted({*kinds, *wanted})
    return Parity(
        bound,
        {kind: int((names == kind).sum()) for kind in found},
        {kind: int((wrong & (names == kind)).sum()) for kind in found},
        _largest(off),
        tuple(_causes(pipeline, graph, wrong)),
        int(np.argmax(np.where(wrong, np.nan_to_num(off, nan=np.inf), -1.0))) if wrong.any() else None,
    )


def row_values(answers: Answers, row: int) -> Numbers:
    """Return the numeric outputs of a row: its scores, else its prediction."""
    return np.atleast_1d(answers.prediction[row] if answers.scores is None else answers.scores[row])


def _causes(pipeline: Answers, graph: Answers, wrong: npt.NDArray[np.bool_]) -> list[str]:
    """Describe the rows whose outputs differ by more than a finite number, with the number of rows."""
    found: dict[str, list[str]] = {}
    for row in np.flatnonzero(wrong).tolist():
        one, other = row_values(pipeline, row), row_values(graph, row)
        apart = (np.isfinite(one) & np.isfinite(other)) | (one == other) | (np.isnan(one) & np.isnan(other))
        if not apart.all():
            place = int(np.argmin(apart))
            told = f"{_word(other[place])} instead of {_word(one[place])}"
            found.setdefault("finite" if np.isfinite(other[place]) else _word(other[place]), []).append(told)
        elif graph.valid is not None and bool(graph.valid[row]) != bool(graph.finite[row]):
            found.setdefault("valid", []).append(f"{'' if graph.valid[row] else 'not '}valid instead of the opposite")
    return [f"{texts[0]} in {len(texts):,} row{'s' if len(texts) > 1 else ''}" for texts in found.values()]


def _word(value: float) -> str:
    if np.isnan(value):
        return "not a number"
    if np.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return f"{value:.2g}"


def _largest(off: Numbers) -> float:
    """Return the largest finite difference, since JSON cannot represent infinities."""
    finite = off[np.isfinite(off)]
    return float(finite.max(initial=0.0))


def _off(pipeline: Answers, graph: Answers) -> Numbers:
    if pipeline.scores is None or graph.scores is None:
        return _apart(pipeline.prediction, graph.prediction)
    apart = _apart(pipeline.scores, graph.scores).max(axis=1)
    rows = np.arange(len(apart))
    one, two = (pipeline.scores[rows, each.prediction.astype(np.int64)] for each in (pipeline, graph))
    tie = np.where(pipeline.prediction == graph.prediction, 0.0, _apart(one, two))
    off: Numbers = np.maximum(apart, tie)
    return off


def _apart(one: Numbers, two: Numbers) -> Numbers:
    """Return |a - b|, divided by |a| where that exceeds 1; 0 for equal infinities and for two NaNs."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart: Numbers = np.abs(one - two) / np.maximum(np.abs(one), 1.0)
    return np.where((one == two) | (np.isnan(one) & np.isnan(two)), 0.0, apart)

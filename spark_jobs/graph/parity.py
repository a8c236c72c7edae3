"""Two answers to the same rows, compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """What is said of N rows: numbers, or positions of classes with their scores `[N, K]`.

    `valid` is what the graph itself says of each row.
    """

    prediction: Numbers
    scores: Numbers | None = None
    valid: npt.NDArray[np.bool_] | None = None

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Whether all that is said of a row are numbers."""
        said: npt.NDArray[np.bool_] = np.isfinite(self.prediction)
        return said if self.scores is None else said & np.isfinite(self.scores).all(axis=1)


@dataclass(frozen=True)
class Parity:
    """How a graph and its pipeline compare: the rows of each kind, those that differ, and the largest difference.

    A difference is absolute or, of values above 1, relative. Of a row for which neither says a finite number nothing is
    compared but that: the graph calls it not valid. A kind that had to be tried and has no rows proves nothing.
    `causes` say of the rows that differ by no finite number what came instead, and of `example`, one row, both answers.
    """

    bound: float
    rows: Mapping[str, int]
    differing: Mapping[str, int]
    largest: float
    causes: tuple[str, ...] = ()
    example: int | None = None

    @property
    def holds(self) -> bool:
        """Whether no row differs, and there are rows of every kind."""
        return bool(self.rows) and all(self.rows.values()) and not any(self.differing.values())

    def __str__(self) -> str:
        rows, off = sum(self.rows.values()), sum(self.differing.values())
        if self.holds:
            return f"equal on {rows:,} rows of {len(self.rows)} kinds, largest difference {self.largest:.1e}"
        untried = [kind for kind, count in self.rows.items() if not count]
        if untried or not rows:
            return f"nothing is proven without rows of the kinds: {', '.join(untried) or 'any'}"
        causes = "; ".join([*self.causes, f"largest finite difference {self.largest:.1e}"])
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.differing.items() if count)
        return f"{off:,} of {rows:,} rows differ ({causes}; by kind of row: {kinds})"

    def to_dict(self) -> dict[str, Any]:
        """The proof as JSON can hold it."""
        return asdict(self) | {"holds": self.holds}


def compare(
    pipeline: Answers, graph: Answers, kinds: Sequence[str], bound: float, wanted: Iterable[str] = ()
) -> Parity:
    """How far two answers are apart, by kind of row; a class may differ where its score ties within the bound.

    `wanted` are the kinds that must be among them.
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


def said(answers: Answers, row: int) -> Numbers:
    """All numbers that are said of a row."""
    return np.atleast_1d(answers.prediction[row] if answers.scores is None else answers.scores[row])


def _causes(pipeline: Answers, graph: Answers, wrong: npt.NDArray[np.bool_]) -> list[str]:
    """What the graph says instead, for the rows that differ by no finite number."""
    found: dict[str, list[str]] = {}
    for row in np.flatnonzero(wrong).tolist():
        one, other = said(pipeline, row), said(graph, row)
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
    """The largest difference that is a number; JSON holds no other."""
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
    """|a - b|, over |a| where that is above 1; 0 for the same infinity or two that are no numbers."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart: Numbers = np.abs(one - two) / np.maximum(np.abs(one), 1.0)
    return np.where((one == two) | (np.isnan(one) & np.isnan(two)), 0.0, apart)

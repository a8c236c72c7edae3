"""Profile of one batch of rows. Uses Arrow, not Spark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spark_jobs.profile.clipped_moments import Bounds, ClippedMoments
from spark_jobs.profile.distinct import Distinct
from spark_jobs.profile.levels import LevelCounts
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.profile.target_association import TargetAssociation
from spark_jobs.profile.type_counts import TypeCounts


@dataclass(frozen=True)
class ScanOptions:
    """What a scan computes.

    Attributes:
        type_counts: whether to count the types that text parses as.
        levels: how many distinct texts to keep.
        decimal: the decimal sign of numbers in text.
        missing_level: counts nulls of a text column also as a category of this name.
        formats: datetime patterns to try in addition to the usual ones.
        bounds: returns the bounds at which numbers would be clipped, given their summary.
        longest: the length of the longest text in characters, if known.
    """

    quantiles: bool = True
    distinct: bool = True
    type_counts: bool = False
    levels: int = 20_000
    decimal: str = "."
    missing_level: str | None = None
    formats: tuple[str, ...] = ()
    bounds: Callable[[NumberSummary], Bounds | None] | None = None
    longest: int | None = None


@dataclass(frozen=True)
class Target:
    """The target of the rows of a batch: its values, or class indices below `classes`."""

    values: npt.NDArray[np.float64]
    classes: int = 0

    @property
    def sums(self) -> npt.NDArray[np.float64]:
        """Return the target, shape `(rows, 1)`, or 0/1 indicators of the classes, shape `(rows, classes)`."""
        if not self.classes:
            return self.values[:, None]
        indicators: npt.NDArray[np.float64] = (self.values[:, None] == np.arange(self.classes)).astype(np.float64)
        return indicators

    def association(self, x: npt.NDArray[np.float64], there: npt.NDArray[np.bool_]) -> TargetAssociation:
        """Return the association of a column's numbers with the target; `there` marks the rows that have a number."""
        y = self.values if len(x) == len(self.values) else self.values[there]
        return TargetAssociation.of_classes(x, y, self.classes) if self.classes else TargetAssociation.of(x, y[:, None])


def profile_column(
    name: str,
    kind: str,
    values: pa.Array,
    depth: ScanOptions,
    target: Target | None,
    before: ColumnProfile | None = None,
) -> ColumnProfile:
    """Return the profile of one column of a batch.

    Args:
        values: its cells, double or string.
        target: the target of the same rows, if any.
    """
    if pa.types.is_null(values.type):
        return ColumnProfile(name, kind, len(values), len(values))
    if pa.types.is_floating(values.type):
        return _numbers(name, kind, values, depth, target, before)
    return _text(name, kind, values, depth, target, before)


def _numbers(
    name: str, kind: str, values: pa.Array, depth: ScanOptions, target: Target | None, before: ColumnProfile | None
) -> ColumnProfile:
    whole = values.to_numpy(zero_copy_only=False)
    finite = np.isfinite(whole)
    usable = whole if finite.all() else whole[finite]
    left_out = len(whole) - len(usable) - values.null_count
    nan = int(np.isnan(whole).sum()) - values.null_count if left_out else 0
    ordered = np.sort(usable)
    summary = NumberSummary.of(ordered, depth.quantiles, ordered=True)
    return ColumnProfile(
        name,
        kind,
        rows=len(values),
        missing=values.null_count,
        nan=nan,
        infinite=left_out - nan,
        distinct_sketch=_different(ordered, before) if depth.distinct else None,
        numbers=summary,
        target_association=target.association(usable, finite) if target is not None else None,
        clipped_moments=_clipped_moments(ordered, summary, depth, before),
    )


def _different(values: npt.NDArray[Any], before: ColumnProfile | None) -> Distinct:
    return Distinct.of(values, before.distinct_sketch if before is not None else None)


def _clipped_moments(
    values: npt.NDArray[np.float64], summary: NumberSummary, depth: ScanOptions, before: ColumnProfile | None
) -> ClippedMoments | None:
    """Return the moments around the clipping bounds that the first batch suggested."""
    if before is not None and before.clipped_moments is not None:
        return before.clipped_moments.among(values)
    guess = depth.bounds(summary) if depth.bounds is not None and before is None else None
    return ClippedMoments.of(values, guess) if guess is not None else None


def _text(
    name: str, kind: str, values: pa.Array, depth: ScanOptions, target: Target | None, before: ColumnProfile | None
) -> ColumnProfile:
    missing = values.null_count
    if depth.missing_level is not None and missing:
        values = values.fill_null(depth.missing_level)
    coded = values.dictionary_encode()
    levels = coded.dictionary
    codes = coded.indices.drop_null().to_numpy(zero_copy_only=False)
    counts = np.bincount(codes, minlength=len(levels)).astype(np.int64)
    table = counts[:, None].astype(np.float64)
    if target is not None:
        seen = coded.indices.is_valid().to_numpy(zero_copy_only=False)
        table = np.hstack([table, _sums_per_level(codes, len(levels), target.sums[seen])])
    return ColumnProfile(
        name,
        kind,
        rows=len(values),
        missing=missing,
        distinct_sketch=_different(levels.to_numpy(zero_copy_only=False), before) if depth.distinct else None,
        levels=_most_frequent(levels, counts, table, depth.levels),
        type_counts=TypeCounts.of(levels, counts, depth.decimal, depth.formats) if depth.type_counts else None,
    )


def _sums_per_level(codes: npt.NDArray[Any], levels: int, sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    columns = [np.bincount(codes, weights=column, minlength=levels) for column in sums.T]
    return np.stack(columns, axis=1) if columns else np.zeros((levels, 0))


def _most_frequent(
    levels: pa.Array, counts: npt.NDArray[np.int64], table: npt.NDArray[np.float64], limit: int
) -> LevelCounts:
    if len(levels) <= limit:
        return LevelCounts.of(levels.to_pylist(), table, limit)
    kept = np.argsort(-counts, kind="stable")[:limit]
    dropped = int(counts.sum() - counts[kept].sum())
    return LevelCounts(dict(zip(levels.take(pa.array(kept)).to_pylist(), table[kept], strict=True)), limit, dropped)

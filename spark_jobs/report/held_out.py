"""What the held-out rows of the verification show of the features together: copies, correlations, missing values."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FEWEST_ROWS = 30
MOST_COLUMNS = 500
NEARLY_ONE = 0.99
STRONG = 0.8
_RARE = 10
Doubles = NDArray[np.float64]
Pair = tuple[str, str, float]


def correlate(rows: pa.Table) -> list[Pair]:
    """Return the pairs of numeric columns whose Pearson correlation is at least `STRONG` in size, the strongest first.

    A pair is compared on the rows where both columns have a value. Only the first `MOST_COLUMNS` columns are compared.
    """
    names = [name for name in rows.column_names if pa.types.is_floating(rows.schema.field(name).type)][:MOST_COLUMNS]
    if len(names) < 2:
        return []
    values = np.column_stack([rows.column(name).to_numpy() for name in names])
    found = _pairwise(np.where(np.isfinite(values), values, np.nan))
    strong = np.argwhere(np.triu(np.abs(found) >= STRONG, 1))
    pairs = [(names[i], names[j], float(found[i, j])) for i, j in strong]
    return sorted(pairs, key=lambda pair: -abs(pair[2]))


def _pairwise(values: Doubles) -> Doubles:
    """Return the correlation of each pair of columns over the rows where neither is NaN; 0 where it is undefined."""
    there = np.isfinite(values)
    scaled = _standardized(values, there)
    weights = there.astype(float)
    rows, sums, squares = weights.T @ weights, scaled.T @ weights, (scaled * scaled).T @ weights
    rows = np.where(rows >= FEWEST_ROWS, rows, np.nan)
    spread = squares - sums * sums / rows
    product = scaled.T @ scaled - sums * sums.T / rows
    size = np.sqrt(np.maximum(spread, 0) * np.maximum(spread.T, 0))
    found: Doubles = np.divide(product, size, out=np.zeros_like(product), where=size > 1e-9)
    return found


def _standardized(values: Doubles, there: NDArray[np.bool_]) -> Doubles:
    """Return the values with mean 0 and standard deviation 1, and 0 for NaN."""
    count = np.maximum(there.sum(axis=0), 1)
    filled = np.where(there, values, 0.0)
    apart = np.where(there, filled - filled.sum(axis=0) / count, 0.0)
    size = np.abs(apart).max(axis=0, initial=0.0)
    apart = apart / np.where(size > 0, size, 1.0)
    found: Doubles = apart / np.maximum(np.sqrt((apart**2).sum(axis=0) / count), 1e-9)
    return found


def group_pairs(pairs: list[Pair]) -> list[tuple[str, ...]]:
    """Return the columns that pairs of at least `NEARLY_ONE` connect, one group for each set of near-copies."""
    groups: dict[str, list[str]] = {}
    for first, second, correlation in pairs:
        if abs(correlation) >= NEARLY_ONE:
            one, other = groups.setdefault(first, [first]), groups.setdefault(second, [second])
            if one is not other:
                one += other
                groups |= dict.fromkeys(other, one)
    return [tuple(group) for name, group in groups.items() if group[0] == name]


def find_renamed_levels(rows: pa.Table) -> list[tuple[str, ...]]:
    """Return the groups of text columns of which each level belongs to one level of the others.

    A column with nearly one level only, or with a level for every other row, agrees by chance and is left out.
    """
    groups: dict[bytes, list[str]] = defaultdict(list)
    for name in rows.column_names:
        if pa.types.is_string(rows.schema.field(name).type):
            codes = _codes(rows.column(name))
            counts = np.bincount(codes)
            if len(counts) <= len(codes) / 2 and len(codes) - counts.max(initial=0) >= _RARE:
                groups[codes.tobytes()].append(name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def _codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Return one number per level, in the order of their first rows; a missing value is a level."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(), dtype=np.int32)


def count_missing_together(rows: pa.Table) -> list[tuple[tuple[str, ...], int]]:
    """Return the sets of columns that miss values in the same rows, with the number of rows, the most first."""
    masks = {name: _missing(rows.column(name)) for name in rows.column_names}
    gaps = {name: mask for name, mask in masks.items() if mask.any()}
    if not gaps:
        return []
    patterns = Counter(map(bytes, np.column_stack(list(gaps.values()))))
    named = [(tuple(name for name, flag in zip(gaps, bits, strict=True) if flag), n) for bits, n in patterns.items()]
    return sorted(((names, n) for names, n in named if names), key=lambda pair: (-pair[1], pair[0]))


def _missing(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(column.is_null(nan_is_null=True).to_numpy())

"""Detection of numbers in text that a double cannot hold exactly. Uses Arrow, not Spark."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
EXPONENT: Final = 99  # stands for the fraction digits of a number with an exponent: more than any decimal type has
_SHORT: Final = 15  # digits that a double always holds


def wide_whole(text: pa.Array, candidates: Flags) -> Flags:
    """Return which numbers beyond ±2**53 are whole, written as digits with at most `.0`, and within BIGINT."""
    found = np.zeros(len(text), dtype=np.bool_)
    for place in np.flatnonzero(candidates):
        cell = text[int(place)].as_py().removesuffix(".0")
        found[place] = cell.lstrip("+-").isdecimal() and -(2**63) <= int(cell) < 2**63
    return found


def places(text: pa.Array, numbers: Flags, decimal: str) -> tuple[int, int]:
    """Return the largest number of digits before and after the decimal sign."""
    if not numbers.any():
        return 0, 0
    plain = pc.utf8_ltrim(text.filter(pa.array(numbers)), "+-")
    length = pc.utf8_length(plain).to_numpy()
    point = pc.find_substring(plain, decimal).to_numpy()
    fraction = int(np.where(point < 0, 0, length - point - 1).max())
    if pc.any(pc.match_substring_regex(plain, "[eE]")).as_py():
        fraction = EXPONENT
    return int(np.where(point < 0, length, point).max()), fraction


def are_held(text: pa.Array, numbers: Floats, candidates: Flags, decimal: str) -> bool:
    """Return whether a double holds each candidate exactly as written; numbers with an exponent count as held."""
    long = candidates & (pc.utf8_length(text).to_numpy() > _SHORT)
    if not long.any():
        return True
    cells, doubles = text.filter(pa.array(long)), pa.array(numbers[long])
    if decimal != ".":
        cells = pc.replace_substring(cells, decimal, ".")
    same = pc.equal(pc.utf8_rtrim(cells, "0"), pc.utf8_rtrim(pc.cast(doubles, pa.string()), "0"))
    odd = pc.and_(pc.invert(same), pc.invert(pc.match_substring_regex(cells, "[eE]")))
    pairs = zip(cells.filter(odd).to_pylist(), doubles.filter(odd).to_pylist(), strict=True)
    return all(Decimal(cell) == Decimal(repr(number)) for cell, number in pairs)

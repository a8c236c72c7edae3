"""Column types: how the cells of a column are read, and what the column is used for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spark_jobs.bundle.numerals import Numerals

Cells = Literal["number", "boolean", "date", "timestamp", "text"]
Kind = Literal["number", "boolean", "date", "timestamp", "category", "text", "constant", "identifier", "unsupported"]


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column, inferred from the whole table, and the reason.

    Attributes:
        cells: How a cell is read.
        kind: What the column is used for.
        integral: Whether every number is a whole one that BIGINT holds.
        formats: Spark datetime patterns to try after ISO 8601.
        scale: The scale of DECIMAL(38, scale), if some numbers exceed a double or BIGINT.
        affix: Text before or after numbers, such as a currency.
        signs: Whether brackets, other minus signs or a trailing minus may mark negative numbers.
    """

    name: str
    cells: Cells
    kind: Kind
    reason: str
    integral: bool = False
    formats: tuple[str, ...] = ()
    decimal: str = "."
    scale: int | None = None
    thousands: str = ""
    affix: str = ""
    signs: bool = False

    @property
    def numerals(self) -> Numerals:
        """Return how the column's numbers are written."""
        return Numerals(self.decimal, self.thousands, self.affix, self.signs)

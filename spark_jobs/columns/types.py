"""How the cells of a column are read, and what the column is good for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spark_jobs.bundle.numerals import Numerals

Cells = Literal["number", "boolean", "date", "timestamp", "text"]
Kind = Literal["number", "boolean", "date", "timestamp", "category", "text", "constant", "identifier", "unsupported"]


@dataclass(frozen=True, slots=True)
class ColumnType:
    """What was decided about a column, from the whole table, and why.

    `cells` says how a cell is read; `kind` what the column is good for. `formats` are Spark datetime patterns tried
    after ISO 8601. `integral` is true where every number is a whole one that BIGINT holds. `scale` is set where some
    numbers are more than a double or BIGINT holds: DECIMAL(38, scale) keeps them. `decimal`, `thousands`,
    `affix` and `signs` say how numbers are written (`bundle.numerals`).
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
        """How its numbers are written."""
        return Numerals(self.decimal, self.thousands, self.affix, self.signs)

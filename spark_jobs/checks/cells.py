"""What a rule looks at: a column's cells as their type, or as they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.cells import STORED_NUMBERS, accepts, stored_number_sql, value_sql
from spark_jobs.columns.names import col, quoted
from spark_jobs.columns.types import Cells, ColumnType
from spark_jobs.errors import DataError, did_you_mean

RAW: Final = "⟨raw⟩"
_SHOWN: Final = 80
_STORED: Final[Mapping[str, Cells]] = {
    **dict.fromkeys(STORED_NUMBERS, "number"),
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
}
WORDS: Final[Mapping[str, str]] = {
    "number": "numbers",
    "boolean": "true or false",
    "date": "dates",
    "timestamp": "times",
    "text": "text",
}


@dataclass(frozen=True)
class Cell:
    """A column as a rule takes it: how its cells are read, and the value of one."""

    name: str
    cells: Cells
    value: Column

    @property
    def shown(self) -> Column:
        """The value as a reason tells it; a long text is cut."""
        text = self.value.cast("string")
        if self.cells != "text":
            return text
        cut = F.when(F.char_length(text) > _SHOWN, F.concat(F.left(text, F.lit(_SHOWN)), F.lit("…"))).otherwise(text)
        return F.concat(F.lit("'"), cut, F.lit("'"))


@dataclass(frozen=True)
class Columns:
    """The columns of rows that were typed, with the types that they have now, and of the same rows as they came."""

    types: Mapping[str, ColumnType]
    stored: Mapping[str, str]
    typed: Mapping[str, T.DataType]
    zone: str

    def cell(self, name: str, cells: Cells | None = None) -> Cell:
        """A column's cells as their type; one that training did not know is read as is asked, or as it is stored.

        Raises:
            DataError: there is no such column.
        """
        if name not in self.stored:
            raise DataError(f"The rows lack what a check is about: '{name}'.", did_you_mean(name, self.stored))
        kind = self.types.get(name)
        if kind is not None and kind.kind != "unsupported":
            return Cell(name, kind.cells, col(name))
        stored = self.stored[name]
        read = _STORED.get(stored.split("(")[0], "text")
        return self._read(name, cells if cells is not None and read == "text" else read, stored)

    def raw(self, name: str) -> Column:
        """A column's cells as text, as they came; those of text columns are trimmed."""
        cell = self.cell(name)
        return cell.value if cell.cells == "text" else F.col(RAW).getField(name).cast("string")

    def raw_needed(self, names: Sequence[str]) -> list[str]:
        """Those of the columns that `raw` cannot find among the typed ones."""
        return [name for name in dict.fromkeys(names) if name in self.stored and self.cell(name).cells != "text"]

    def _read(self, name: str, cells: Cells, stored: str) -> Cell:
        if stored.split("(")[0] in STORED_NUMBERS:
            return Cell(name, cells, F.expr(stored_number_sql(quoted(name), stored)))
        text = quoted(name) if accepts(cells, stored) else f"CAST({quoted(name)} AS STRING)"
        value = F.expr(value_sql(text, ColumnType(name, cells, "unsupported", ""), self.zone))
        return Cell(name, cells, value == F.lit(1.0) if cells == "boolean" else value)

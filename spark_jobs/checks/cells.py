"""Cells as checks read them: typed values, or the raw text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.cells import STORED_CELLS, STORED_NUMBERS, accepts, stored_number_sql, value_sql
from spark_jobs.columns.names import col, quoted
from spark_jobs.columns.types import Cells, ColumnType
from spark_jobs.errors import DataError, did_you_mean

RAW: Final = "⟨raw⟩"
_SHOWN: Final = 80
WORDS: Final[Mapping[str, str]] = {
    "number": "numbers",
    "boolean": "true or false",
    "date": "dates",
    "timestamp": "times",
    "text": "text",
}


@dataclass(frozen=True)
class Cell:
    """A column as a check reads it: its name, its type and the expression of its value."""

    name: str
    cells: Cells
    value: Column

    @property
    def words(self) -> str:
        """Return the type in words, as in "'price' is read as numbers"."""
        return WORDS[self.cells]

    @property
    def shown(self) -> Column:
        """Return the value as text for a quarantine reason; text longer than 80 characters is cut."""
        text = self.value.cast("string")
        if self.cells != "text":
            return text
        cut = F.when(F.char_length(text) > _SHOWN, F.concat(F.left(text, F.lit(_SHOWN)), F.lit("…"))).otherwise(text)
        return F.concat(F.lit("'"), cut, F.lit("'"))


@dataclass(frozen=True)
class ColumnReader:
    """The columns of typed rows, with access to the raw cells of the same rows.

    Attributes:
        types: the plan's types, by column.
        stored: Spark's type names of the raw columns.
        typed: Spark's types after the cast.
        zone: the time zone of times without one.
        place: the position in `checks` of the check that reads the columns, for messages.
    """

    types: Mapping[str, ColumnType]
    stored: Mapping[str, str]
    typed: Mapping[str, T.DataType]
    zone: str
    place: int = 0

    def cell(self, name: str, cells: Cells | None = None) -> Cell:
        """Return a column's typed cell.

        A column that training did not know is read as its stored type. If it is stored as text, `cells` chooses the
        type.

        Raises:
            DataError: the rows have no such column; the advice names the nearest one.
        """
        if name not in self.stored:
            raise DataError(f"A check names a column that the rows lack: '{name}'.", did_you_mean(name, self.stored))
        kind = self.types.get(name)
        if kind is not None and kind.kind != "unsupported":
            return Cell(name, kind.cells, col(name))
        stored = self.stored[name]
        read = STORED_CELLS.get(stored.split("(")[0], "text")
        return self._read(name, cells if cells is not None and read == "text" else read, stored)

    def raw(self, name: str) -> Cell:
        """Return a column's cell as its original text; text of a text column is trimmed."""
        cell = self.cell(name)
        return cell if cell.cells == "text" else Cell(name, "text", F.col(RAW).getField(name).cast("string"))

    def raw_needed(self, names: Sequence[str]) -> list[str]:
        """Return the columns for which `raw` needs the untyped rows."""
        return [name for name in dict.fromkeys(names) if name in self.stored and self.cell(name).cells != "text"]

    def mismatch(self, cause: str, advice: str) -> DataError:
        """Return the error for a check that does not fit its columns; the message starts with the check's key path."""
        return DataError(f"`checks[{self.place}]` {cause}", advice)

    def _read(self, name: str, cells: Cells, stored: str) -> Cell:
        if stored.split("(")[0] in STORED_NUMBERS:
            return Cell(name, cells, F.expr(stored_number_sql(quoted(name), stored)))
        text = quoted(name) if accepts(cells, stored) else f"CAST({quoted(name)} AS STRING)"
        value = F.expr(value_sql(text, ColumnType(name, cells, "unsupported", ""), self.zone))
        return Cell(name, cells, value == F.lit(1.0) if cells == "boolean" else value)

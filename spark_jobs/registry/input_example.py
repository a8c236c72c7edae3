"""The input example of an MLflow model: a raw row of the source."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from spark_jobs.bundle.patterns import number_regex
from spark_jobs.columns.names import col
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LOOKED_AT = 20
_DIGITS = r"[+-]?[0-9]{1,15}"


def example_row(rows: DataFrame, plan: Plan) -> list[object]:
    """Return the row with the fewest nulls of the first rows, as JSON values in the order of `plan.used`.

    Numbers are converted as `pandas.read_csv` does; all other values are as in the source.
    """
    chosen = rows.select(*[col(name) for name in plan.used])
    found = chosen.limit(_LOOKED_AT).collect()
    fullest = min(found, key=lambda row: sum(cell is None for cell in row))
    instants = [name for name, stored in chosen.dtypes if stored == "timestamp"]
    cells = {name: _instant(cell) if name in instants else cell for name, cell in fullest.asDict(False).items()}
    return [_plain(cells[name], plan.type_of(name).cells) for name in plan.used]


def _instant(cell: datetime | None) -> str | None:
    """Return an instant as UTC text; Spark returns it as local time of this machine."""
    return None if cell is None else cell.astimezone(UTC).isoformat()


def _plain(cell: Any, cells: str) -> object:
    if isinstance(cell, str) and cells == "number":
        return _number(cell)
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return _number(str(cell)) if cells == "number" else cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _number(text: str) -> object:
    if re.fullmatch(_DIGITS, text):
        return int(text)
    return float(text) if re.fullmatch(number_regex("."), text) and math.isfinite(float(text)) else text

"""The column kinds that a spec declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.cells import STORED_NUMBERS
from spark_jobs.columns.types import Kind
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.spec.models import Spec


def declared_kinds(spec: Spec) -> Iterator[tuple[str, Kind]]:
    """Yield each column that `columns` lists, with its declared kind."""
    columns = spec.columns
    lists: Mapping[Kind, tuple[str, ...]] = {
        "number": columns.numeric,
        "category": (*columns.categorical, *columns.order),
        "date": columns.date,
        "text": columns.text,
    }
    for kind, names in lists.items():
        for name in names:
            yield name, kind


def are_numbers(column: ColumnProfile) -> bool:
    """Return whether a target that is declared a category holds numbers, so that 1 and 1.0 are one label.

    Text counts as numbers if all cells are whole numbers, or if no number is written in two ways: 1.1 and 1.10 stay
    distinct labels.
    """
    kind, reading, levels = column.type.split("(")[0], column.type_counts, column.levels
    if kind != "string":
        return kind in STORED_NUMBERS
    if reading is None or reading.leading_zeros or not 0 < reading.number == column.present:
        return False
    if reading.whole == reading.number:
        return True
    texts = [text.strip(BLANKS) for text in levels.counts] if levels is not None and levels.complete else []
    return 0 < len(texts) == len(set(map(_value, texts)))


def _value(text: str) -> float | str:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text

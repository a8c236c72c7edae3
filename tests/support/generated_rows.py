"""Rows that hypothesis makes for the columns of `pipelines`, and what a graph is given of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pipelines import ARROW, CITIES, GRADES, KINDS, MANY, TABLE

from spark_jobs.bundle.patterns import BLANKS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR = timedelta(seconds=2**33)  # as far as seconds in a double tell microseconds apart
_TEXTS = st.one_of(
    st.sampled_from(
        [*CITIES, *GRADES, *MANY[:3], "(missing)", "(empty)", " Oslo  ", "oslo", "tag 1", "tag 2", "tag 9"]
    ),
    st.text(max_size=12),
    st.text(alphabet=" \t\n\x00⟨null⟩ö", max_size=12),
)
_EXACT = st.datetimes((EPOCH - _FAR).replace(tzinfo=None), (EPOCH + _FAR).replace(tzinfo=None))
_ANY = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda moment: moment.replace(microsecond=0))
_COLUMNS: Mapping[str, st.SearchStrategy[Any]] = {
    "number": st.one_of(
        st.floats(-100, 500),
        st.integers(-2, 10).map(float),
        st.floats(-1e12, 1e12),
        st.sampled_from([np.nan, np.inf, -np.inf, -0.0, 5e-324, 7.25, 1e9, 1e9 + 1e-3]),
    ),
    "boolean": st.booleans(),
    "text": _TEXTS,
    "date": st.one_of(st.dates(), st.dates(date(2020, 5, 20), date(2020, 9, 10))),
    "timestamp": st.one_of(_EXACT, _ANY, st.datetimes(datetime(2018, 12, 30), datetime(2023, 1, 3))).map(
        lambda moment: moment.replace(tzinfo=UTC)
    ),
}


def drawn_rows(count: int, number: int) -> list[dict[str, Any]]:
    """That many rows, the same for the same number: some cells null, some as in the table, some as odd as they get."""
    usual = TABLE.select(list(KINDS)).to_pylist()
    cells = {name: st.one_of(st.none(), _COLUMNS[kind], _COLUMNS[kind]) for name, kind in KINDS.items()}
    near = st.tuples(
        st.sampled_from(usual), st.sets(st.sampled_from(list(KINDS)), max_size=3), st.fixed_dictionaries(cells)
    )
    rows: list[dict[str, Any]] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(st.fixed_dictionaries(cells), near.map(lambda one: {**one[0], **{n: one[2][n] for n in one[1]}})))
    def gather(row: dict[str, Any]) -> None:
        rows.append(row)

    gather()
    return rows


def as_table(rows: Sequence[Mapping[str, Any]], used: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], ARROW[KINDS[name]]) for name in used})


def as_feed(rows: Sequence[Mapping[str, Any]], used: Sequence[str], sentinel: str) -> dict[str, Any]:
    """Rows as the design says that a graph takes them."""
    return {name: _given([row[name] for row in rows], KINDS[name], sentinel) for name in used}


def _given(cells: Sequence[Any], kind: str, sentinel: str) -> Any:
    if kind == "text":
        texts = [None if cell is None else cell.strip(BLANKS) for cell in cells]
        return np.array(
            [sentinel if cell is None else cell + sentinel * (cell == sentinel) for cell in texts], dtype=object
        )
    return np.array([np.nan if cell is None else _number(cell) for cell in cells], dtype=np.float64)


def _number(cell: Any) -> float:
    if isinstance(cell, datetime):
        off = cell - EPOCH
        return (off.days * 86_400_000_000 + off.seconds * 1_000_000 + off.microseconds) / 1e6
    if isinstance(cell, date):
        return (cell - EPOCH.date()).days * 86_400.0
    return float(cell)

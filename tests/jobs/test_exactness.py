"""Random tables of every format, from the source to the predictions: no row lost, keys and kept columns exact."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from databases import PASSWORD, USER
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import spark_jobs
from spark_jobs.sources.null_values import USUAL
from spark_jobs.spec import Environment

pytestmark = pytest.mark.long

EXAMPLES = 20
MOST = 10**38 - 1


def amount(digits: int) -> Decimal:
    """So many ten-billionths; arithmetic of `decimal` would round them."""
    return Decimal(f"{digits}e-10")


WORDS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text not in USUAL
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(2**53, 2**53 + 9)
AMOUNTS = st.integers(-MOST, MOST).map(lambda digits: amount(digits))
ROWS = st.fixed_dictionaries(
    {
        "id": st.none() | NUMBERS,
        "code": st.none() | WORDS,
        "amount": st.none() | AMOUNTS,
        "note": st.none() | WORDS,
        "u": st.none() | st.integers(0, 2**64 - 1),
        "tags": st.none() | st.lists(st.none() | st.integers(-9, 9), max_size=3),
        "pair": st.none() | st.fixed_dictionaries({"a": st.none() | NUMBERS, "b": st.none() | WORDS}),
        "counts": st.none() | st.dictionaries(WORDS, NUMBERS, max_size=3).map(lambda found: sorted(found.items())),
        "x": st.floats(-5, 5).map(lambda number: round(number, 3)),
        "kind": st.sampled_from("abc"),
    }
)
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "code": pa.string(),
        "amount": pa.decimal128(38, 10),
        "note": pa.string(),
        "u": pa.uint64(),
        "tags": pa.list_(pa.int32()),
        "pair": pa.struct({"a": pa.int64(), "b": pa.string()}),
        "counts": pa.map_(pa.string(), pa.int64()),
        "x": pa.float64(),
        "kind": pa.string(),
        "y": pa.string(),
    }
)
FLAT = ("id", "code", "amount", "note", "x", "kind", "y")
TYPES = {
    "id": "bigint",
    "code": "string",
    "amount": "decimal(38,10)",
    "note": "string",
    "u": "decimal(20,0)",
    "tags": "array<int>",
    "pair": "struct<a:bigint,b:string>",
    "counts": "map<string,bigint>",
}
Row = dict[str, Any]


def drawn(rows: st.SearchStrategy[list[Row]], examples: int) -> list[list[Row]]:
    """So many tables of the strategy, the same in each run."""
    found: list[list[Row]] = []

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(rows)
    def draw(table: list[Row]) -> None:
        found.append(table)

    draw()
    return found[:examples]


def labelled(tables: Sequence[list[Row]]) -> list[list[Row]]:
    """The tables with a target that can be learned."""
    chance = random.Random(1)
    return [
        [row | {"y": "yes" if row["x"] + (row["kind"] == "a") + chance.gauss(0, 1) > 0 else "no"} for row in table]
        for table in tables
    ]


@pytest.fixture(scope="module")
def examples() -> list[list[Row]]:
    return labelled(drawn(st.lists(ROWS, min_size=1, max_size=12), EXAMPLES))


@pytest.fixture(scope="module")
def training() -> list[Row]:
    """Rows to train with; two beside say that the columns hold all that their types can."""
    chance = random.Random(2)
    rows = [row for table in drawn(st.lists(ROWS, min_size=12, max_size=12), 15) for row in table]
    wide = {"id": 2**63 - 1, "amount": amount(MOST), "code": "wide", "note": "wide", "u": 2**64 - 1}
    spread = [row | {"x": round(chance.uniform(-5, 5), 3), "kind": chance.choice("abc")} for row in rows]
    return labelled([[*spread, rows[0] | wide, rows[1] | wide | {"id": -(2**63), "amount": amount(-MOST)}]])[0]


def cell(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


def write_csv(folder: Path, tables: Sequence[list[Row]]) -> None:
    for number, table in enumerate(tables):
        with (folder / f"{number}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(FLAT)
            writer.writerows([["" if row[name] is None else cell(row[name]) for name in FLAT] for row in table])


def write_json(folder: Path, tables: Sequence[list[Row]]) -> None:
    for number, table in enumerate(tables):
        lines = []
        for row in table:
            plain = {name: row[name] for name in FLAT if name != "amount"} | {"amount": 0}
            amount = "null" if row["amount"] is None else cell(row["amount"])
            lines.append(json.dumps(plain).removesuffix("0}") + amount + "}")
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_parquet(folder: Path, tables: Sequence[list[Row]]) -> None:
    for number, table in enumerate(tables):
        pq.write_table(pa.Table.from_pylist(table, SCHEMA), folder / f"{number}.parquet")


def sql(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(map(sql, value)) + "]::int[]"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else f"'{cell(value)}'"


class Source:
    """A format: where its tables are, and the columns that it has."""

    def __init__(self, kind: str, folder: Path, spark: Any, database: Any) -> None:
        self.kind, self.folder, self.spark, self.database = kind, folder, spark, database

    @property
    def columns(self) -> tuple[str, ...]:
        if self.kind in ("csv", "json"):
            return FLAT
        return (*FLAT, "tags") if self.kind == "jdbc" else tuple(SCHEMA.names)

    def write(self, name: str, tables: Sequence[list[Row]]) -> dict[str, Any]:
        """Puts the tables under a name, each a file or an INSERT of its own; gives the source of a spec."""
        path = self.folder / name
        if self.kind == "jdbc":
            return self._insert(name, tables)
        path.mkdir()
        if self.kind == "delta":
            write_parquet(made := self._made(f"{name}-files"), tables)
            self.spark.read.parquet(str(made)).write.format("delta").save(str(path))
        else:
            {"csv": write_csv, "json": write_json, "parquet": write_parquet}[self.kind](path, tables)
        return {"kind": self.kind, "path": str(path)}

    def _made(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir()
        return path

    def _insert(self, name: str, tables: Sequence[list[Row]]) -> dict[str, Any]:
        kinds = "id bigint, code text, amount numeric(38,10), note text, x float8, kind text, y text, tags int[]"
        inserts = [f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({kinds});"]
        for table in tables:
            rows = ", ".join("(" + ", ".join(sql(row[column]) for column in self.columns) + ")" for row in table)
            inserts.append(f"INSERT INTO {name} VALUES {rows};")
        self.database.execute("\n".join(inserts))
        login = {"user": USER, "password": "env:SHOP_PASSWORD"}
        return {"kind": "jdbc", "url": self.database.url, "table": name, **login}


def key_of(row: Row) -> str:
    """The text of a row's key, by the words of `with_row_ids`."""
    parts = [row["id"], row["code"]]
    texts = ["#null" if part is None else str(part).replace("#", "##").replace("|", "#|") for part in parts]
    return "|".join(texts)


def frozen(value: Any) -> Any:
    """A value that can be counted; a map as its sorted entries."""
    if isinstance(value, dict):
        return tuple(sorted((name, frozen(part)) for name, part in value.items()))
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value


def check(spark: Any, location: str, rows: Sequence[Row], names: Sequence[str]) -> None:
    """Each row is there once under its own key, and every column says what it said."""
    found = spark.read.format("delta").load(location)
    stored = dict(found.dtypes)
    assert {name: stored[name] for name in names if name in TYPES} == {n: k for n, k in TYPES.items() if n in names}
    there = [row.asDict(recursive=True) for row in found.collect()]
    assert Counter(frozen([row[name] for name in names]) for row in there) == Counter(
        frozen([dict(row[name]) if name == "counts" and row[name] is not None else row[name] for name in names])
        for row in rows
    )
    assert len({row["_row_id"] for row in there}) == len(rows)
    occurrences = Counter(map(key_of, rows))
    expected = {f"{key}#{n}" if n > 1 else key for key, many in occurrences.items() for n in range(1, many + 1)}
    assert {row["_row_id"] for row in there} == expected
    for row in there:
        assert row["_row_id"] in {key_of(row), *(f"{key_of(row)}#{n}" for n in range(2, occurrences[key_of(row)] + 1))}


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "delta", "jdbc"])
def test_each_row_comes_out_once_with_its_key_and_its_values(kind, spark, request, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    database = request.getfixturevalue("database") if kind == "jdbc" else None
    training, examples = request.getfixturevalue("training"), request.getfixturevalue("examples")
    source, env = Source(kind, tmp_path, spark, database), Environment(root=str(tmp_path / "root"))
    keys = {"name": f"exact_{kind}", "target": "y", "key": ["id", "code"], "positive": "yes"}
    trained = spark_jobs.run(source=source.write("training", [training]), **keys, spark=spark, env=env)
    check(spark, trained.tables[f"exact_{kind}_predictions"], training, source.columns)
    again = {**keys, "predictions": {"table": "examples"}, "source": source.write("examples", examples)}
    rows = [row for table in examples for row in table]
    scored = spark_jobs.score(**again, spark=spark, env=env)
    assert (scored.rows["read"], scored.rows["scored"], scored.rows["quarantined"]) == (len(rows), len(rows), 0)
    check(spark, scored.tables["examples"], rows, source.columns)

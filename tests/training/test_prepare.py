"""From a source to staged rows: the same rows on the same side whatever they were stored as, all counted."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from spark_jobs import progress
from spark_jobs.errors import DataError
from spark_jobs.jobs import plan
from spark_jobs.spec import Environment, parse
from spark_jobs.training.prepare import inspect_source, prepare

ROWS = 400


def table():
    chance = random.Random(4)
    days = [f"20{chance.randint(10, 23)}-0{chance.randint(1, 9)}-{chance.randint(10, 28)}" for _ in range(ROWS)]
    return {
        "id": list(range(ROWS)),
        "whole": [chance.choice([None, *range(50)]) for _ in range(ROWS)],
        "part": [round(chance.uniform(-3, 3), 3) for _ in range(ROWS)],
        "flag": [chance.random() < 0.5 for _ in range(ROWS)],
        "kind": [chance.choice(["a", "it's", None]) for _ in range(ROWS)],
        "day": days,
        "y": [float(i % 17) for i in range(ROWS)],
    }


def cell(value):
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def prepared(spark, folder, path, **keys):
    spec = parse({"source": str(path), "target": "y", "task": "regression", "columns": {"ignore": ["id"]}, **keys})
    inspected = inspect_source(spec, spark)
    return prepare(spec, spark, inspected, folder / f"staged-{path.name}")


@pytest.fixture(scope="module")
def sides(session, tmp_path_factory):
    """For CSV, for Parquet with its rows in another order, and for near copies: which side each id is on."""
    folder = tmp_path_factory.mktemp("prepare")
    columns = table()
    rows = list(zip(*columns.values(), strict=True))
    lines = [",".join(columns), *(",".join(cell(value) for value in row) for row in rows)]
    (folder / "plain.csv").write_text("\n".join(lines) + "\n")
    # The same numbers otherwise written, and blanks around: near copies.
    near = [
        f" {i} ,{cell(whole) and f'{whole}.0'},{part:+.4f},{str(flag).upper()}, {cell(kind)} ,{day},{y:.2f}"
        for i, whole, part, flag, kind, day, y in rows
    ]
    (folder / "near.csv").write_text("\n".join([lines[0], *near]) + "\n")
    arrays = {name: values[::-1] for name, values in columns.items()}
    days = pa.array(arrays.pop("day")).cast(pa.date32())
    stored = pa.table({**arrays, "day": days}).select(["y", "day", "kind", "flag", "part", "whole", "id"])
    pq.write_table(stored, folder / "stored.parquet", row_group_size=100)
    found = {name: prepared(session, folder, folder / name) for name in ("plain.csv", "near.csv", "stored.parquet")}
    test = {name: {row.id for row in each.test.select("id").collect()} for name, each in found.items()}
    return found, test, folder


def test_the_same_rows_test_from_csv_and_from_parquet(sides):
    _, test, _ = sides
    assert 0.12 * ROWS < len(test["plain.csv"]) < 0.28 * ROWS
    assert test["stored.parquet"] == test["plain.csv"]


def test_near_copies_are_on_the_same_side(sides):
    _, test, _ = sides
    assert test["near.csv"] == test["plain.csv"]


def test_the_target_and_ignored_columns_have_no_say_in_the_split(sides, spark, tmp_path):
    found, test, _ = sides
    columns = table() | {"id": list(range(ROWS, 0, -1)), "y": [float(i % 5) for i in range(ROWS)]}
    lines = [",".join(map(cell, row)) for row in zip(*columns.values(), strict=True)]
    (tmp_path / "other.csv").write_text("\n".join([",".join(columns), *lines]) + "\n")
    other = prepared(spark, tmp_path, tmp_path / "other.csv")
    assert {ROWS - row.id for row in other.test.select("id").collect()} == test["plain.csv"]
    assert other.counts["tested"] == found["plain.csv"].counts["tested"]


def test_what_was_staged_is_used_again(sides, spark):
    found, _, folder = sides
    first, staged = found["plain.csv"], folder / "staged-plain.csv"
    before = {path: path.stat().st_mtime_ns for path in staged.rglob("*")}
    again = prepare(first.rule.spec, spark, first.inspected, staged)
    assert {path: path.stat().st_mtime_ns for path in staged.rglob("*")} == before
    assert again.counts == first.counts


CELLS = st.sampled_from(["1", "2", "1.0", "x", "", "NA", "3"])
LINES = st.lists(
    st.tuples(CELLS, CELLS, st.sampled_from(["5", "6", "7.5", "8", ""]), st.integers(0, 9)), min_size=15, max_size=40
)


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lines=LINES)
def test_of_any_small_table_every_row_has_one_fate(spark, tmp_path, lines):
    malformed = [f"{a},{b},{y}" + (",9" if fate == 0 else "") for a, b, y, fate in lines]
    numbered = [f"{number % 7},{line}" for number, line in enumerate(malformed)]
    (tmp_path / "x.csv").write_text("\n".join(["n,a,b,y", *numbered]) + "\n")
    clean = {"missing": {"numeric": "drop", "categorical": "drop"}, "outliers": {"rule": "iqr", "action": "drop"}}
    spec = parse({"source": str(tmp_path / "x.csv"), "target": "y", "task": "regression", "clean": clean})
    try:
        counts = plan.run(spec, spark, Environment(root=str(tmp_path / "root"))).rows
    except DataError:
        event("refused")
        return
    fates = ("trained", "tested", "duplicates", "no_target", "outliers", "dropped", "quarantined")
    assert counts["read"] == len(lines) == sum(counts.get(fate, 0) for fate in fates)
    assert counts["quarantined"] == sum(fate == 0 for *_, fate in lines)


@pytest.mark.parametrize(
    ("lines", "is_unique"),
    [
        (["a,1,1", "b,1,2", "c,1,3"], True),
        (["a,1,1", "b,1,2", "a,1,3"], False),  # alike but for the target
        (["a,1,1", "b,1,2", "b,1,"], False),  # one of the two has no target and is scored all the same
    ],
)
def test_rows_are_unlike_where_no_two_of_all_have_the_same_features(spark, tmp_path, lines, is_unique):
    path = tmp_path / "few.csv"
    path.write_text("\n".join(["k,x,y", *lines]) + "\n")
    ready = prepared(spark, tmp_path, path, columns={"ignore": []})
    assert ready.is_unique is is_unique
    assert ready.counts["duplicates"] == 0


def test_plan_tells_programs_and_people_what_is_left_out_and_what_to_read(spark, tmp_path):
    chance = random.Random(8)
    rows = [(chance.uniform(0, 9), chance.choice("abc")) for _ in range(100)]
    cells = [f"{part:.3f},{'none' if at < 9 else at},{kind},{part:.3f}" for at, (part, kind) in enumerate(rows)]
    source = tmp_path / "leak.csv"
    source.write_text("\n".join(["y,age,kind,same_as_y", *cells, "1,2"]) + "\n")
    spec = parse({"source": str(source), "target": "y", "task": "regression", "columns": {"numeric": ["age"]}})
    with progress.show(False):
        done = plan.run(spec, spark, Environment(root=str(tmp_path / "root")))
    told = done.to_json()
    assert list(told["left_out"]) == ["same_as_y"]
    assert "target" in told["left_out"]["same_as_y"]
    assert told["warnings"] == [
        "1 of 101 rows are malformed: they go to quarantine.",
        "'age': 9 of 100 cells (9.0 %) do not parse as number and become null.",
    ]
    assert [line for line in done.summary if line.startswith("  warning")] == [
        f"  warning   {one}" for one in told["warnings"]
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("clock", "time(6)"),
        ("any", "variant"),
        ("packed", "binary"),
        ("map", "map<string,int>"),
        ("tags", "array<int>"),
    ],
)
def test_a_stored_type_that_no_step_can_use_is_refused_by_column_and_type(spark, name, kind):
    spark.sql(
        "SELECT TIME'12:30:00' AS clock, parse_json('{}') AS any, X'00ff' AS packed, map('a', 1) AS map, "
        "array(1) AS tags, 1 AS y"
    ).createOrReplaceTempView("odd_types")
    for key, asked in {
        "target": {"target": name},
        "weight": {"weight": name},
        "columns.numeric": {"columns": {"numeric": [name]}},
    }.items():
        with pytest.raises(DataError) as refused:
            inspect_source(parse({"source": {"table": "odd_types"}, "target": "y", **asked}), spark)
        assert refused.value.message == f"`{key}`: the column '{name}' is stored as {kind}, which no step can use."

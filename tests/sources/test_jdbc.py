"""A table of a real PostgreSQL: each row once, whatever its columns are called, and what is said without it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from databases import PASSWORD, USER
from pyspark.sql import functions as F

from spark_jobs.errors import DataError, JobError, SpecError
from spark_jobs.sources import database as databases
from spark_jobs.sources import snapshot
from spark_jobs.sources.database import TRIES
from spark_jobs.sources.readers import jdbc
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec import Source

CLASSIC = "SPARK_REMOTE" not in os.environ


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A password that the spec can refer to, and little waiting between tries."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    monkeypatch.setattr(databases, "pause", lambda attempt: None)
    yield
    snapshot.delete_snapshots()


def source_of(database, table, **keys):
    return Source(kind="jdbc", url=database.url, table=table, user=USER, password="env:SHOP_PASSWORD", **keys)


@pytest.fixture(scope="module")
def odd(database):
    """Twenty rows under names that break things, with a null, a NaN and numbers of every kind."""
    database.execute('''
        DROP SCHEMA IF EXISTS "Odd 1" CASCADE; CREATE SCHEMA "Odd 1";
        CREATE TABLE "Odd 1"."T x" (
            "i.d" int, "say ""hi""" text, big bigint, "n`n" numeric, exact numeric(10,2), dbl double precision,
            "day" date, at timestamp, tz timestamptz, u uuid, j jsonb, list int[], flag boolean);
        INSERT INTO "Odd 1"."T x"
        SELECT i, CASE WHEN i = 7 THEN NULL ELSE 'x' || i END, i * 1000000007::bigint, i / 4.0, i / 4.0, i / 4.0,
            DATE '2024-01-01' + i, TIMESTAMP '2024-01-01 00:30:00.123456' + i * INTERVAL '1 day',
            TIMESTAMPTZ '2024-01-01 00:30:00+02' + i * INTERVAL '1 day',
            md5(i::text)::uuid, '{"a": 1}', ARRAY[i, 2], i % 2 = 0
        FROM generate_series(1, 20) AS i;
        UPDATE "Odd 1"."T x" SET "n`n" = 'NaN', dbl = 'NaN', "i.d" = NULL WHERE "i.d" = 3;
    ''')
    return "`Odd 1`.`T x`"


def test_a_column_with_blanks_around_its_name_is_read_by_its_name_without_them(spark, database):
    database.execute('DROP TABLE IF EXISTS padded; CREATE TABLE padded (" id " int, "t\u00a0" timestamp, " v" text)')
    database.execute("INSERT INTO padded SELECT i, now() - i * interval '1 day', 'x' FROM generate_series(1, 20) i")
    source = source_of(database, "padded", watermark="t ", partition={"column": "id", "parts": 3})
    table = read_source(source, spark, wanted={"id", "t"})
    assert table.columns == ("id", "t")
    assert sorted(row[0] for row in table.rows.select("id").collect()) == list(range(1, 21))


def test_the_cells_of_a_table_are_those_of_the_database(spark, database, odd):
    table = read_source(source_of(database, odd), spark)
    rows = {row["big"] // 1_000_000_007: row for row in table.rows.collect()}
    assert sorted(rows) == list(range(1, 21))
    assert table.columns[:4] == ("i.d", 'say "hi"', "big", "n`n")
    numbers = [float(rows[5][name]) for name in ("n`n", "exact", "dbl")]
    assert (rows[5]["i.d"], rows[5]['say "hi"'], numbers) == (5, "x5", [1.25, 1.25, 1.25])
    assert (rows[7]['say "hi"'], rows[3]["i.d"]) == (None, None)
    assert rows[3]["n`n"] is None, "NaN is a usual mark of a missing value"
    assert str(rows[1]["at"]) == "2024-01-02 00:30:00.123456"
    assert (str(rows[1]["day"]), str(rows[1]["tz"]), rows[1]["flag"]) == ("2024-01-02", "2024-01-01 22:30:00", False)
    assert rows[1]["list"] == [1, 2]


FOREIGN = {
    # type, what is stored, the cell as it is read
    "clock": ("time", "'12:30:00.5'", "12:30:00.5"),
    "zoned": ("timetz", "'12:30:00+02'", "12:30:00+02"),
    "clocks": ("time[]", "'{12:30}'", "{12:30:00}"),
    "sums": ("numeric[]", "'{1.5,123456789012345678901234567890}'", "{1.5,123456789012345678901234567890}"),
    "span": ("interval", "'1 day 02:03:04'", "1 day 02:03:04"),
    "doc": ("jsonb", "'{\"a\": 1}'", '{"a": 1}'),
    "packed": ("bytea", "'\\x00ff'", bytearray(b"\x00\xff")),
    "u": ("uuid", "'00000000-0000-0000-0000-000000000001'", "00000000-0000-0000-0000-000000000001"),
    "words": ("text[]", "'{a,NULL}'", ["a", None]),
    "grid": ("int[][]", "'{{1,2},{3,4}}'", [[1, 2], [3, 4]]),
    "period": ("int4range", "'[1,5)'", "[1,5)"),
    "place": ("point", "'(1,2)'", "(1,2)"),
    "flags": ("varbit", "B'101'", "101"),
}


def test_types_that_spark_does_not_have_are_text_and_told_by_the_name_of_the_database(spark, database):
    columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in FOREIGN.items())
    values = ", ".join(value for _, value, _ in FOREIGN.values())
    database.execute(f"DROP TABLE IF EXISTS kinds; CREATE TABLE kinds (id int, {columns})")
    database.execute(f"INSERT INTO kinds VALUES (1, {values}), (2{', NULL' * len(FOREIGN)})")
    table = read_source(source_of(database, "kinds"), spark)
    full, empty = table.rows.orderBy("id").collect()
    assert full.asDict() == {"id": 1, **{name: cell for name, (_, _, cell) in FOREIGN.items()}}
    assert empty.asDict() == {"id": 2, **dict.fromkeys(FOREIGN)}
    assert table.unusable == {"clock": "time", "zoned": "timetz", "clocks": "time[]", "sums": "numeric[]"}
    with pytest.raises(DataError, match=r"must be a column of numbers, dates or timestamps\. 'clock' is time\."):
        read_source(source_of(database, "kinds", watermark="clock"), spark)


@pytest.mark.parametrize(
    ("kind", "value", "cause"),
    [("timestamp", "infinity", "timestamp of the table is infinite"), ("int[]", "{{1,2}}", "different dimensions")],
)
def test_a_cell_that_spark_cannot_hold_is_refused(spark, database, kind, value, cause):
    database.execute(f"DROP TABLE IF EXISTS held; CREATE TABLE held (c {kind}); INSERT INTO held VALUES ('{value}')")
    with pytest.raises(DataError, match=cause):
        read_source(source_of(database, "held"), spark)


def test_numbers_that_no_type_of_spark_holds_keep_their_digits(spark, database):
    database.execute("""
        DROP TABLE IF EXISTS "it's";
        CREATE TABLE "it's" (a numeric, b numeric(50,2), c numeric(38,18), d numeric(20,0));
        INSERT INTO "it's" VALUES (123456789012345678901234567890.123456789, 1e45 + 0.25, 1.5, 18446744073709551615),
            (10152345678900001, 0.5, 2.5, 1);
    """)
    table = read_source(source_of(database, "`it's`"), spark)
    found = [tuple(map(str, row)) for row in table.rows.orderBy(F.desc("c")).collect()]
    first, last = ("10152345678900001", "0.50"), ("123456789012345678901234567890.123456789", f"1{'0' * 45}.25")
    assert found == [(*first, "2.500000000000000000", "1"), (*last, "1.500000000000000000", "18446744073709551615")]


@pytest.mark.parametrize("column", ["i.d", "big", "n`n", "exact", "dbl", "day", "at", "tz"])
def test_a_table_read_in_parts_gives_each_row_once(spark, database, odd, column):
    table = read_source(source_of(database, odd, partition={"column": column, "parts": 4}), spark)
    assert Counter(row.big // 1_000_000_007 for row in table.rows.select("big").collect()) == Counter(range(1, 21))
    assert table.reading.decisions == ("read in 4 parts",)


@pytest.mark.skipif(not CLASSIC, reason="asks the plan")
def test_parts_are_asked_for_by_several_connections(spark, database, odd, monkeypatch):
    asked, original = [], snapshot.snapshot

    def watched(rows):
        asked.append(rows)
        return original(rows)

    monkeypatch.setattr(jdbc, "snapshot", watched)
    jdbc.read(source_of(database, odd, partition={"column": "big", "parts": 4}), spark)
    held = {
        row["part"]: row["count"] for row in asked[0].groupBy(F.spark_partition_id().alias("part")).count().collect()
    }
    assert len(held) == 4
    assert min(held.values()) >= 4, "the parts are about alike"
    assert sum(held.values()) == 20


def test_a_table_is_the_same_until_a_cell_of_it_changes(spark, database):
    database.execute("DROP TABLE IF EXISTS same; CREATE TABLE same (a int, b text)")
    database.execute("INSERT INTO same VALUES (1, 'x'), (2, 'y')")
    first = read_source(source_of(database, "same"), spark).fingerprint
    database.execute("UPDATE same SET b = 'x' WHERE a = 1")  # the row lies elsewhere in the table now
    again = read_source(source_of(database, "public.same"), spark)
    assert (again.fingerprint, again.records) == (first, 2)
    database.execute("UPDATE same SET b = 'z' WHERE a = 1")
    assert read_source(source_of(database, "same"), spark).fingerprint != first


def test_a_table_that_changes_after_it_was_read_is_what_it_was(spark, database):
    database.execute("DROP TABLE IF EXISTS moving; CREATE TABLE moving AS SELECT i FROM generate_series(1, 9) AS i")
    table = read_source(source_of(database, "moving"), spark)
    database.execute("DELETE FROM moving WHERE i > 2")
    assert table.rows.count() == 9


def test_an_empty_table_has_its_columns_and_no_rows(spark, database):
    database.execute("DROP TABLE IF EXISTS hollow; CREATE TABLE hollow (a int, at timestamp)")
    source = source_of(database, "hollow", watermark="at", partition={"column": "a", "parts": 3})
    table = read_source(source, spark)
    assert (table.columns, table.rows.count()) == (("a", "at"), 0)
    assert table.reading.decisions == ("read in one part: 'a' has no values to partition by",)
    assert table.reads["watermark"]["high"] is None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", ["1", "2", "9007199254740993", "9007199254740994"]),
        ("numeric(6,2)", ["1.10", "1.20", "1.30", "1.40"]),
        ("date", ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]),
        ("timestamp", [f"2024-03-31 0{hour}:30:00.123456" for hour in (0, 1, 2, 3)]),
        ("timestamptz", [f"2024-10-27 0{hour}:30:00.000001+00" for hour in (0, 1, 2, 3)]),
    ],
)
def test_reading_goes_on_at_the_value_where_it_ended_and_gives_that_one_again(spark, database, kind, values):
    database.execute(f'DROP TABLE IF EXISTS growing; CREATE TABLE growing (n int, "at" {kind})')
    add = "INSERT INTO growing VALUES ({}, '{}')"
    for number, value in enumerate(values[:3]):
        database.execute(add.format(number, value))
    source = source_of(database, "growing", watermark="at", lookback=0)
    first = jdbc.read(source, spark)
    assert sorted(row.n for row in first.rows.collect()) == [0, 1, 2]
    database.execute(add.format(3, values[3]))
    database.execute(add.format(4, values[2]))  # comes late, with the value where the first reading ended
    second = jdbc.read(source, spark, first.reads["watermark"]["high"])
    assert sorted(row.n for row in second.rows.collect()) == [2, 3, 4]
    assert second.reads["watermark"]["low"] == first.reads["watermark"]["high"]
    third = jdbc.read(source, spark, second.reads["watermark"]["high"])
    assert [row.n for row in third.rows.collect()] == [3]


@pytest.mark.parametrize(
    ("kind", "values", "lookback", "expected"),
    [
        ("timestamptz", ["2024-05-01 10:00:00+00", "2024-05-01 09:55:00+00", "2024-05-01 09:54:59+00"], None, [0, 1]),
        ("timestamp", ["2024-05-01 10:00:00", "2024-05-01 09:59:01", "2024-05-01 09:58:59"], 60, [0, 1]),
        ("date", ["2024-05-02", "2024-05-01", "2024-04-30"], None, [0, 1]),
        ("bigint", ["9007199254740993", "9007199254740990", "9007199254740989"], 3, [0, 1]),
        ("numeric(6,2)", ["4.40", "3.40", "3.39"], 1, [0, 1]),
        ("int", ["5", "4", "3"], None, [0]),
    ],
)
def test_d14_what_is_committed_late_with_an_older_watermark_is_read(spark, database, kind, values, lookback, expected):
    database.execute(f"DROP TABLE IF EXISTS late; CREATE TABLE late (n int, at {kind})")
    database.execute(f"INSERT INTO late VALUES (0, '{values[0]}')")
    source = source_of(database, "late", watermark="at", lookback=lookback)
    first = jdbc.read(source, spark).reads["watermark"]
    for number, value in enumerate(values[1:], 1):
        database.execute(f"INSERT INTO late VALUES ({number}, '{value}')")
    second = jdbc.read(source, spark, first["high"])
    assert sorted(row.n for row in second.rows.collect()) == expected
    assert second.reads["watermark"]["high"] == first["high"]


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_d14_a_row_of_the_future_keeps_none_before_it_from_being_read(spark, database, kind):
    database.execute(f"DROP TABLE IF EXISTS ahead; CREATE TABLE ahead (n int, at {kind})")
    database.execute("INSERT INTO ahead VALUES (0, '9999-12-31'), (1, now() - interval '20 days')")
    source = source_of(database, "ahead", watermark="at", partition={"column": "n", "parts": 2})
    first = jdbc.read(source, spark)
    assert sorted(row.n for row in first.rows.collect()) == [0, 1]
    database.execute("INSERT INTO ahead VALUES (2, now() - interval '10 days'), (3, now() - interval '30 days')")
    second = jdbc.read(source, spark, first.reads["watermark"]["high"])
    assert sorted(row.n for row in second.rows.collect()) == [0, 1, 2]
    third = jdbc.read(source, spark, second.reads["watermark"]["high"])
    assert sorted(row.n for row in third.rows.collect()) == [0, 2]
    assert [table.reads["watermark"]["ahead"] for table in (first, second, third)] == [1, 1, 1]
    database.execute("DELETE FROM ahead WHERE n > 0")
    alone = jdbc.read(source, spark, third.reads["watermark"]["high"])
    assert alone.reads["watermark"]["high"] == third.reads["watermark"]["high"], "it goes back for nothing"
    assert [row.n for row in alone.rows.collect()] == [0]


def test_a_row_without_a_watermark_is_refused_for_nobody_would_ever_read_it(spark, database):
    database.execute("DROP TABLE IF EXISTS gap; CREATE TABLE gap (n int, at date); INSERT INTO gap VALUES (1, NULL)")
    with pytest.raises(DataError, match="null in the watermark 'at'"):
        read_source(source_of(database, "gap", watermark="at"), spark)


def test_a_watermark_beyond_which_nothing_can_come_is_refused(spark, database):
    database.execute("DROP TABLE IF EXISTS e; CREATE TABLE e (at timestamp); INSERT INTO e VALUES ('infinity')")
    with pytest.raises(DataError, match="infinity"):
        read_source(source_of(database, "e", watermark="at"), spark)


def test_a_column_that_is_not_there_or_cannot_be_ordered_is_named(spark, database, odd):
    with pytest.raises(DataError, match=r"`source.watermark` is 'bigg'") as refused:
        read_source(source_of(database, odd, watermark="bigg"), spark)
    assert "'big'" in refused.value.advice
    with pytest.raises(DataError, match=r"`source.partition.column` must be .* 'flag' is boolean"):
        read_source(source_of(database, odd, partition={"column": "flag", "parts": 2}), spark)


def test_a_table_that_is_not_there_is_told_with_the_nearest_name(spark, database):
    database.execute("CREATE TABLE IF NOT EXISTS customers (a int)")
    with pytest.raises(DataError, match="no table 'custommers'") as refused:
        read_source(source_of(database, "custommers"), spark)
    assert "'customers'" in refused.value.advice


def test_a_name_in_the_spec_is_no_sql(spark, database):
    database.execute("CREATE TABLE IF NOT EXISTS kept (a int); TRUNCATE kept; INSERT INTO kept VALUES (1)")
    with pytest.raises(DataError, match="no table"):
        read_source(source_of(database, '`kept"; DROP TABLE kept; --`'), spark)
    assert database.execute("SELECT count(*) FROM kept") == "1"


@pytest.mark.parametrize("what", ["password", "user", "url"])
def test_who_is_not_let_in_is_told_so_and_sees_no_secret(spark, database, monkeypatch, what):
    source = source_of(database, "kept")
    if what == "password":
        monkeypatch.setenv("SHOP_PASSWORD", "wrong-" + PASSWORD)
    else:
        source = source.model_copy(update={what: "bob" if what == "user" else database.url + "x"})
    with pytest.raises((JobError, DataError)) as refused:
        read_source(source, spark)
    assert ("does not exist" if what == "url" else "rejected the user") in refused.value.message
    assert PASSWORD not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_secret_that_is_not_there_is_a_mistake_of_the_spec(spark, database, monkeypatch):
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(SpecError, match="SHOP_PASSWORD"):
        read_source(source_of(database, "kept"), spark)


def test_a_table_that_the_user_may_not_read_is_refused(spark, database, monkeypatch):
    database.execute("CREATE ROLE guest LOGIN PASSWORD 'g'; CREATE TABLE own (a int)")
    monkeypatch.setenv("SHOP_PASSWORD", "g")
    with pytest.raises(DataError, match="may not read"):
        read_source(source_of(database, "own").model_copy(update={"user": "guest"}), spark)


def test_a_database_that_is_down_is_tried_three_times_and_told_in_one_line(spark, database, monkeypatch):
    waits = []
    monkeypatch.setattr(databases, "pause", waits.append)
    database.stop()
    try:
        with pytest.raises(JobError) as failed:
            read_source(source_of(database, "kept"), spark)
    finally:
        database.start()
    assert len(waits) == TRIES - 1
    assert "does not respond" in failed.value.message
    assert "refused" in failed.value.message
    assert "\n" not in failed.value.message
    assert PASSWORD not in str(failed.value)


def test_a_database_that_is_back_at_the_second_try_is_read(spark, database, monkeypatch):
    monkeypatch.setattr(databases, "pause", lambda attempt: database.start())
    database.execute("CREATE TABLE IF NOT EXISTS kept (a int); TRUNCATE kept; INSERT INTO kept VALUES (1)")
    database.stop("fast")
    assert read_source(source_of(database, "kept"), spark).rows.count() == 1


def test_a_read_that_the_database_dies_under_leaves_nothing_and_is_done_again(spark, database, monkeypatch):
    database.execute("""
        DROP VIEW IF EXISTS slow; CREATE VIEW slow AS
        SELECT i, CASE WHEN i > 19000 THEN pg_sleep(0.002)::text END AS nap FROM generate_series(1, 20000) AS i""")
    tries = []

    def die(rows):
        from threading import Timer

        tries.append(rows)
        if len(tries) == 1:
            Timer(0.4, database.stop).start()
        return original(rows)

    original = snapshot.snapshot
    monkeypatch.setattr(jdbc, "snapshot", die)
    monkeypatch.setattr(databases, "pause", lambda attempt: database.start())
    table = read_source(source_of(database, "slow"), spark)
    assert len(tries) == 2, "the first read was cut off"
    assert table.rows.select("i").distinct().count() == table.rows.count() == 20_000


def test_copies_go_with_their_job_and_those_of_a_dead_process_after_a_day(spark, database, tmp_path):
    database.execute("CREATE TABLE IF NOT EXISTS kept (a int)")
    read_source(source_of(database, "kept"), spark)
    copies = Path(spark.conf.get("spark.sql.warehouse.dir").removeprefix("file:")) / "_snapshots"
    mine = list(copies.glob(f"*-{os.getpid()}-*"))
    assert mine
    old, young = (mine[0].parent / f"{os.uname().nodename}-{number}-x" for number in (4_000_001, 4_000_002))
    alive = mine[0].parent / f"{os.uname().nodename}-{os.getppid()}-x"
    for place in (old, young, alive):
        place.mkdir()
    for place in (old, alive):
        os.utime(place, (1e9, 1e9))
    snapshot.delete_snapshots()
    assert not any(place.exists() for place in mine)
    read_source(source_of(database, "kept"), spark)
    assert (old.exists(), young.exists(), alive.exists()) == (False, True, True)


@pytest.mark.skipif(not CLASSIC, reason="asks the plan")
def test_only_the_columns_that_are_wanted_are_asked_of_the_database(spark, database, odd, monkeypatch):
    asked = []

    def watched(rows):
        asked.append(rows._jdf.queryExecution().toString())
        return original(rows)

    original = snapshot.snapshot
    monkeypatch.setattr(jdbc, "snapshot", watched)
    table = jdbc.read(source_of(database, odd), spark, wanted={"big", "flag"})
    assert table.columns == ("big", "flag")
    assert "exact" not in asked[0].split("Physical Plan")[1]
    assert PASSWORD not in asked[0]

"""From a table of PostgreSQL to predictions: each row once however often it is scored, and no password anywhere."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from databases import PASSWORD, USER, Database
from houses import house

from spark_jobs.cli.main import main
from spark_jobs.errors import JobError
from spark_jobs.jobs import score
from spark_jobs.sources import database as databases
from spark_jobs.sources.readers import jdbc
from spark_jobs.spec import Environment, Spec, parse

HOUSES = 240
SECRET = {"SHOP_PASSWORD": PASSWORD}
COLUMNS = """id int PRIMARY KEY, size numeric, rooms int, kind text, built date, price double precision,
    "changed at" timestamptz"""


@dataclass(frozen=True)
class Shop:
    """A root in which the command line trained on a table, promoted and scored it."""

    database: Database
    env: Environment
    spec: Spec
    done: subprocess.CompletedProcess[str]

    def add(self, *moments: tuple[int, str], table: str = "houses") -> None:
        """Adds houses of these ids, each changed at its time of the first of May."""
        chance = random.Random(moments[0][0])
        for number, at in moments:
            size, rooms, kind, built, price = house(chance)
            values = f"{number}, {size}, {rooms}, '{kind}', '{built}', {price}, '2024-05-01 {at}+00'"
            self.database.execute(f"INSERT INTO {table} VALUES ({values})")

    def predictions(self, spark, table: str = "shop_predictions") -> list[int]:
        rows = spark.read.format("delta").load(str(Path(self.env.root) / "tables" / table))
        return sorted(row.id for row in rows.select("id").collect())


@pytest.fixture(scope="module")
def shop(database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    chance = random.Random(5)
    rows = []
    for number in range(HOUSES):
        size, rooms, kind, built, price = house(chance)
        at = f"2024-04-{number % 28 + 1:02d} 12:00:00.{number:06d}+00"
        rows.append(f"({number}, {size}, {rooms}, '{kind}', '{built}', {price}, '{at}')")
    database.execute(f"DROP TABLE IF EXISTS houses; CREATE TABLE houses ({COLUMNS})")
    database.execute(f"INSERT INTO houses VALUES {', '.join(rows)}")
    asked = {
        "name": "shop",
        "source": {
            "url": database.url, "table": "public.houses", "user": USER, "password": "env:SHOP_PASSWORD",
            "watermark": "changed at", "lookback": 0, "partition": {"column": "id", "parts": 3},
        },
        "target": "price",
        "key": ["id"],
        "columns": {"ignore": ["changed at"]},
    }  # fmt: skip
    conf = folder / "shop.yml"
    conf.write_text(json.dumps(asked), encoding="utf-8")
    (folder / "env").mkdir()
    (folder / "env" / "local.yml").write_text(f"root: {folder / 'root'}\nmaster: local[2]\n", encoding="utf-8")
    command = [sys.executable, "-m", "spark_jobs", "run", str(conf), "--json", "--debug"]
    environment = {key: value for key, value in os.environ.items() if key != "SPARK_REMOTE"} | SECRET
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return Shop(database, Environment(root=str(folder / "root")), parse(asked), done)


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    monkeypatch.setattr(databases, "pause", lambda attempt: None)


@pytest.mark.long
@pytest.mark.end_to_end
def test_a_table_is_trained_on_and_scored_and_its_copy_goes_with_the_job(shop, spark):
    told = json.loads(shop.done.stdout)
    assert (told["status"], told["rows"]["read"], told["rows"]["scored"]) == ("done", HOUSES, HOUSES)
    assert told["metrics"]["r2"] > 0.9
    assert shop.predictions(spark) == list(range(HOUSES))
    assert not list((Path(shop.env.root) / "warehouse").rglob("*.parquet"))


@pytest.mark.long
@pytest.mark.end_to_end
def test_the_password_is_in_nothing_that_is_printed_or_kept(shop):
    assert PASSWORD not in shop.done.stdout + shop.done.stderr
    secrets = (PASSWORD.encode(), PASSWORD.split("'")[0].encode())
    files = [path for path in Path(shop.env.root).rglob("*") if path.is_file()]
    assert any(path.name == "mlflow.db" for path in files)
    assert [path for path in files if any(secret in path.read_bytes() for secret in secrets)] == []


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_each_scoring_reads_on_from_where_the_last_one_ended(shop, spark):
    shop.add((1001, "08:00:00"), (1002, "08:00:00.000001"))
    first = score.run(shop.spec, spark, shop.env)
    assert (first.rows["read"], first.rows["duplicates"]) == (3, 1), "the newest row of the training is read again"
    shop.add((1003, "08:00:00.000001"), (1004, "09:00:00"))
    shop.database.execute("""UPDATE houses SET size = size + 1, "changed at" = '2024-05-01 10:00+00' WHERE id = 7""")
    second = score.run(shop.spec, spark, shop.env)
    assert (second.rows["read"], second.rows["duplicates"]) == (4, 1)
    assert shop.predictions(spark) == sorted([*range(HOUSES), 1001, 1002, 1003, 1004])
    third = score.run(shop.spec, spark, shop.env)
    assert (third.rows["read"], third.rows["scored"], third.rows["duplicates"]) == (1, 1, 1)
    whole = score.run(shop.spec, spark, shop.env, rescore=True)
    assert whole.rows["read"] == HOUSES + 4
    assert shop.predictions(spark) == sorted([*range(HOUSES), 1001, 1002, 1003, 1004])


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_d14_what_comes_late_and_what_is_ahead_of_the_clock_is_scored_once_and_told(shop, spark):
    shop.database.execute(f"DROP TABLE IF EXISTS visits; CREATE TABLE visits ({COLUMNS})")
    source = shop.spec.source.model_copy(update={"table": "visits", "lookback": None})
    table = shop.spec.predictions.model_copy(update={"table": "visits"})
    spec = shop.spec.model_copy(update={"source": source, "predictions": table})
    shop.add((1, "08:00"), (2, "09:00"), table="visits")
    shop.database.execute("UPDATE visits SET \"changed at\" = '2999-01-01' WHERE id = 1")
    first = score.run(spec, spark, shop.env)
    assert [line for line in first.summary if "ahead" in line] == [
        "  ahead     1 rows are ahead of the database's clock in 'changed at': each scoring reads them until then"
    ]
    shop.add((3, "08:56"), (4, "09:10"), table="visits")
    second = score.run(spec, spark, shop.env)
    assert (second.rows["read"], second.rows["duplicates"]) == (4, 2)
    assert shop.predictions(spark, "visits") == [1, 2, 3, 4]


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_equal_rows_at_the_border_are_all_kept_without_a_key(shop, spark):
    shop.database.execute(
        f"DROP TABLE IF EXISTS arrivals; CREATE TABLE arrivals ({COLUMNS.replace(' PRIMARY KEY', '')})"
    )
    source = shop.spec.source.model_copy(update={"table": "arrivals", "partition": None})
    table = shop.spec.predictions.model_copy(update={"table": "arrivals"})
    spec = shop.spec.model_copy(update={"source": source, "predictions": table, "key": ()})
    shop.add((1, "08:00"), (2, "09:00"), table="arrivals")
    assert score.run(spec, spark, shop.env).rows["read"] == 2
    shop.database.execute("INSERT INTO arrivals SELECT * FROM arrivals WHERE id = 2")
    shop.add((3, "10:00"), table="arrivals")
    again = score.run(spec, spark, shop.env)
    assert (again.rows["read"], again.rows["duplicates"]) == (3, 1)
    assert shop.predictions(spark, "arrivals") == [1, 2, 2, 3]


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_database_that_dies_while_it_is_read_fails_the_scoring_and_the_next_one_is_right(shop, spark, monkeypatch):
    shop.add((2001, "11:00"))
    before = shop.predictions(spark)

    def dying(rows):
        shop.database.stop()
        return original(rows)

    with monkeypatch.context() as patched:
        original = jdbc.snapshot
        patched.setattr(jdbc, "snapshot", dying)
        with pytest.raises(JobError, match=r"does not respond: .*, after 3 attempts") as failed:
            score.run(shop.spec, spark, shop.env)
    assert PASSWORD not in str(failed.value)
    assert shop.predictions(spark) == before
    shop.database.start()
    assert shop.database.execute("SELECT count(*) FROM houses WHERE id = 2001") == "1"
    score.run(shop.spec, spark, shop.env)
    assert shop.predictions(spark) == sorted([*before, 2001])
    ledger = spark.read.format("delta").load(str(Path(shop.env.root) / "tables" / "ledger")).orderBy("ended").tail(2)
    assert [row.status for row in ledger] == ["failed", "done"]
    assert json.loads(ledger[1].reads)["watermark"]["high"] == "2024-05-01 11:00:00+00"


def test_a_password_that_is_not_there_ends_the_job_before_spark_is_started(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("SHOP_PASSWORD")
    conf = tmp_path / "spec.yml"
    conf.write_text(
        "source: {url: 'jdbc:postgresql://127.0.0.1/shop', table: t, password: 'env:SHOP_PASSWORD'}\ntarget: y\n"
    )
    monkeypatch.setattr("spark_jobs.runtime.session.open_in_background", None)
    assert main(["train", str(conf)]) == 2
    assert "`source.password` is env:SHOP_PASSWORD, but that variable is not set" in capsys.readouterr().err
    assert main(["check", str(conf)]) == 0

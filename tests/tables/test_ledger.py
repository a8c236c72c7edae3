from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from spark_jobs.tables import delta
from spark_jobs.tables.ledger import Entry, record_entry
from spark_jobs.tables.quarantine import write_quarantine


def test_the_ledger_keeps_one_row_a_run_also_of_a_failed_one(spark, tmp_path):
    began, ended = datetime(2024, 3, 31, 1, 30, 0, 250_000, UTC), datetime(2024, 3, 31, 1, 31, tzinfo=UTC)
    done = Entry("score", "flights", began, ended, "done", "r", "b", 3, 10, 9, 1, 0, "abc")
    failed = Entry("train", "fl'ights", began, ended, "failed", error="no `rows`; DROP TABLE x")
    path = record_entry(spark, str(tmp_path), done)
    assert record_entry(spark, str(tmp_path), failed) == path
    found = {row["job"]: row.asDict() for row in delta.read_table(spark, path).collect()}
    assert found["score"]["read"] == found["score"]["written"] + found["score"]["quarantined"] == 10
    assert (found["score"]["model_version"], found["score"]["error"]) == (3, None)
    assert (found["train"]["name"], found["train"]["error"]) == ("fl'ights", "no `rows`; DROP TABLE x")
    micros = delta.read_table(spark, path).selectExpr("unix_micros(started)").first()[0]
    assert micros == int(began.timestamp()) * 1_000_000 + 250_000


def test_refused_rows_are_kept_as_they_came_once_a_batch(spark, tmp_path):
    texts, reasons = ['1,"x', "1,2,3"], [["an open quote"], ["3 fields"]]
    malformed = spark.createDataFrame(pa.table({"_raw": texts, "_reasons": reasons, "_source": ["a.csv", "a.csv"]}))
    first = write_quarantine(malformed, str(tmp_path), "flights", "b1")
    again = write_quarantine(malformed, str(tmp_path), "flights", "b1")
    other = write_quarantine(malformed.limit(1), str(tmp_path), "flights", "b2")
    assert [(each.outcome, each.rows) for each in (first, again, other)] == [
        ("written", 2),
        ("skipped_duplicate", 2),
        ("written", 1),
    ]
    rows = delta.read_table(spark, first.location).where("_batch_id = 'b1'").collect()
    assert sorted((row["_raw"], row["_reasons"], row["_source"]) for row in rows) == [
        ('1,"x', ["an open quote"], "a.csv"),
        ("1,2,3", ["3 fields"], "a.csv"),
    ]

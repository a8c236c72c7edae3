"""The rows by what becomes of them: the balance with the source can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spark_jobs.errors import JobError
from spark_jobs.spec import parse
from spark_jobs.training.prepare import inspect_source, prepare
from spark_jobs.training.row_counts import check_balance


def test_records_of_the_source_that_nobody_read_fail_the_balance():
    counts = {"read": 10, "trained": 4, "tested": 2, "no_target": 1, "duplicates": 2, "malformed": 1}
    check_balance(counts)
    for read in (9, 11):
        with pytest.raises(JobError, match=f"holds {read} records, but 10 were read"):
            check_balance(counts | {"read": read})


def test_a_training_counts_at_the_source_and_rows_without_a_target_by_themselves(spark, tmp_path):
    lines = [f"{n % 7},{n},{'' if n == 5 else n % 2}" for n in range(60)]
    (tmp_path / "x.csv").write_text("\n".join(["a,b,y", *lines, lines[3], "malformed", " \x0b "]) + "\n")
    spec = parse({"source": str(tmp_path / "x.csv"), "target": "y"})
    inspected = inspect_source(spec, spark)
    assert inspected.table.records == 62
    counts = prepare(spec, spark, inspected, tmp_path / "run").counts
    assert (counts["read"], counts["no_target"], counts["duplicates"], counts["malformed"]) == (62, 1, 1, 1)
    assert counts["trained"] + counts["tested"] == 59
    lost = replace(inspected, table=replace(inspected.table, rows=inspected.table.rows.where("b <> '7'")))
    with pytest.raises(JobError, match="holds 62 records, but 61 were read"):
        prepare(spec, spark, lost, tmp_path / "other")

"""What a training is taken up by, and how many test rows a graph is proven on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from spark_jobs.data.source import read
from spark_jobs.graph.proof import HELD_OUT
from spark_jobs.spec import Source, Spec
from spark_jobs.training import course
from spark_jobs.training.staging import NUMBER


@pytest.mark.parametrize("tested", [400, 10_500, 19_999, 250_000])
def test_a_graph_is_proven_on_ten_thousand_test_rows_or_on_all(spark, monkeypatch, tested):
    rows = spark.range(0, tested, 1, 2).select(F.monotonically_increasing_id().alias(NUMBER))
    monkeypatch.setattr(course, "prove", lambda compiled, plan, held_out: held_out.count())
    prepared = SimpleNamespace(counts={"tested": tested}, test=rows)
    found = course.proven(prepared, SimpleNamespace(plan=None), None)
    assert min(tested, HELD_OUT) <= found <= min(tested, 1.2 * HELD_OUT)


def test_a_table_that_changed_since_an_interrupted_training_is_another_training(spark, tmp_path):
    place = str(tmp_path / "t")
    spark.range(9).coalesce(1).write.format("delta").option("delta.enableDeletionVectors", True).save(place)
    spec = Spec(name="n", source=Source(path=place), target="id")

    def interrupted():
        table = read(spec.source, spark)
        return course.run_key(spec, SimpleNamespace(table=table)), table.rows

    before, rows = interrupted()
    assert interrupted()[0] == before
    spark.sql(f"DELETE FROM delta.`{place}` WHERE id < 5")
    after, left = interrupted()
    spark.sql(f"RESTORE delta.`{place}` TO VERSION AS OF 0")
    assert len({before, after, interrupted()[0]}) == 3
    assert (rows.count(), left.count()) == (9, 4), "each reads the version that it was keyed by"

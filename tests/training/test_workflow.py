"""What a training is taken up by, and how many test rows a graph is proven on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from spark_jobs.graph.verification import HELD_OUT
from spark_jobs.spec import Source, Spec
from spark_jobs.training import workflow
from spark_jobs.training.staging import NUMBER


@pytest.mark.parametrize("tested", [400, 10_500, 19_999, 250_000])
def test_a_graph_is_proven_on_ten_thousand_test_rows_or_on_all(spark, monkeypatch, tested):
    rows = spark.range(0, tested, 1, 2).select(F.monotonically_increasing_id().alias(NUMBER))
    monkeypatch.setattr(workflow, "verify_graph", lambda compiled, plan, held_out: held_out.count())
    prepared = SimpleNamespace(counts={"tested": tested}, test=rows)
    found = workflow.proven(prepared, SimpleNamespace(plan=None), None)
    assert min(tested, HELD_OUT) <= found <= min(tested, 1.2 * HELD_OUT)


def test_other_data_or_another_spec_is_another_training():
    spec = Spec(name="n", source=Source(path="t"), target="y")

    def key(changed, fingerprint):
        return workflow.run_key(changed, SimpleNamespace(table=SimpleNamespace(fingerprint=fingerprint)))

    assert key(spec, "version 1") == key(spec.model_copy(), "version 1")
    assert (
        len({key(spec, "version 1"), key(spec, "version 2"), key(spec.model_copy(update={"target": "z"}), "version 1")})
        == 3
    )

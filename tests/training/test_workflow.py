"""What a training resumes after an interruption, and how many test rows a graph is verified on."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from houses import houses_file, spec_of
from pyspark.sql import functions as F

from spark_jobs.graph.verification import HELD_OUT
from spark_jobs.spec import Source, Spec
from spark_jobs.training import workflow
from spark_jobs.training.prepare import inspect_source, prepare
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


@pytest.fixture(scope="module")
def interrupted(session, tmp_path_factory):
    """A training that was interrupted after its pipeline was saved: its arguments, and what it had so far."""
    folder = tmp_path_factory.mktemp("training")
    spec = spec_of(houses_file(folder), graph="skip", model={"kind": "tree"})
    prepared = prepare(spec, session, inspect_source(spec, session), folder)
    planned = workflow.plan_training(spec, prepared, folder)
    assert not workflow.is_fitted(folder)
    with workflow.fitted(spec, prepared, planned, folder) as pipeline:
        assert pipeline.proof() is None
    return SimpleNamespace(spec=spec, prepared=prepared, folder=folder, planned=planned, trained=pipeline.trained)


def predictions(interrupted, trained):
    rows = trained.pipeline.transform(interrupted.prepared.test)
    return sorted(row["prediction"] for row in rows.select("prediction").collect())


def resumed(interrupted, planned):
    with workflow.fitted(interrupted.spec, interrupted.prepared, planned, interrupted.folder) as pipeline:
        pipeline.proof()
    return pipeline.trained


def test_the_plan_is_made_from_the_profile_that_the_interrupted_training_stored(interrupted, monkeypatch):
    monkeypatch.setattr(workflow, "profile_training_rows", lambda *_: pytest.fail("the rows were profiled again"))
    planned = workflow.plan_training(interrupted.spec, interrupted.prepared, interrupted.folder)
    assert planned.plan.to_json() == interrupted.planned.plan.to_json()
    before, after = (one.training_profile for one in (interrupted.planned, planned))
    assert (after.outliers, after.dropped, after.drops) == (before.outliers, before.dropped, before.drops)
    assert after.rows.count() == before.rows.count()


def test_a_saved_pipeline_is_loaded_instead_of_fitted_again(interrupted, monkeypatch):
    monkeypatch.setattr(workflow, "fit", lambda *_: pytest.fail("the pipeline was fitted again"))
    assert workflow.is_fitted(interrupted.folder)
    trained = resumed(interrupted, interrupted.planned)
    assert trained.importances == interrupted.trained.importances
    assert predictions(interrupted, trained) == predictions(interrupted, interrupted.trained)


def test_a_pipeline_that_was_not_saved_completely_is_fitted_again(interrupted):
    """As after a kill while the stages were saved: the mark that all are there is missing, and so is one of them."""
    (interrupted.folder / "fitted.json").unlink()
    next((interrupted.folder / "pipeline" / "stages").iterdir()).rename(interrupted.folder / "a stage")
    assert not workflow.is_fitted(interrupted.folder)
    trained = resumed(interrupted, interrupted.planned)
    assert workflow.is_fitted(interrupted.folder)
    assert predictions(interrupted, trained) == predictions(interrupted, interrupted.trained)


@pytest.mark.parametrize(("error", "waits"), [(None, True), (ValueError(), True), (KeyboardInterrupt(), False)])
def test_only_an_interruption_does_not_wait_for_the_work_in_the_background(error, waits):
    finish, ended = threading.Event(), []

    def work():
        finish.wait(0.5)
        ended.append(time.monotonic())

    def block():
        with workflow.background_pool("saving") as pool:
            pool.submit(work)
            if error is not None:
                raise error

    if error is None:
        block()
    else:
        with pytest.raises(type(error)):
            block()
    assert bool(ended) is waits
    finish.set()

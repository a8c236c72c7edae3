"""The MLflow run of a training ends as the training did: an interrupted one is resumed, a failed one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.errors import JobError
from spark_jobs.registry import Tracking, end_run, mlflow_client
from spark_jobs.registry.background_run import background_run


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    return Tracking("sqlite", str(tmp_path_factory.mktemp("root")))


def run_id_of(tracking: Tracking, key: str, error: BaseException | None) -> str:
    """Start a run whose training ends with an error, or as it should, and return the id of the run."""
    with background_run(tracking, "houses", key) as starting:
        run_id = starting.result().run_id
        if error is not None:
            raise error
        end_run(tracking, run_id, "FINISHED")
    return run_id


def ended(tracking: Tracking, key: str, error: BaseException) -> tuple[str, str, str | None]:
    """The id, the status and the error of a run that ended with an error."""
    with pytest.raises(type(error)):
        run_id_of(tracking, key, error)
    client = mlflow_client(tracking)
    experiment = client.get_experiment_by_name("houses").experiment_id
    found = client.search_runs([experiment], f"tags.`spark_jobs.run_key` = '{key}'")
    run = found[0]
    return run.info.run_id, run.info.status, run.data.tags.get("spark_jobs.error")


def test_a_failed_run_has_the_error_and_is_not_resumed(tracking: Tracking) -> None:
    run_id, status, told = ended(tracking, "failed", JobError("The disk is full.", "Free some space."))
    assert (status, told.splitlines()[0]) == ("FAILED", "The disk is full.")
    assert run_id_of(tracking, "failed", None) != run_id


def test_an_interrupted_run_is_killed_and_resumed(tracking: Tracking) -> None:
    run_id, status, told = ended(tracking, "interrupted", KeyboardInterrupt())
    assert (status, told) == ("KILLED", None)
    with background_run(tracking, "houses", "interrupted") as starting:
        resumed = starting.result()
    assert (resumed.run_id, resumed.resumed) == (run_id, True)


def test_a_finished_run_is_resumed_only_where_its_job_was_interrupted_after_it(tracking: Tracking) -> None:
    run_id = run_id_of(tracking, "finished", None)
    with background_run(tracking, "houses", "finished", ended=True) as starting:
        assert (starting.result().run_id, starting.result().resumed) == (run_id, True)
    end_run(tracking, run_id, "FINISHED")
    with background_run(tracking, "houses", "finished") as starting:
        assert starting.result().run_id != run_id


def test_the_error_of_the_training_is_reported_where_mlflow_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("a file")
    unreachable = Tracking(f"sqlite:///{tmp_path / 'no folder' / 'mlflow.db'}", str(tmp_path))
    with pytest.raises(JobError, match="The disk is full"), background_run(unreachable, "houses", "abc"):
        raise JobError("The disk is full.", "")

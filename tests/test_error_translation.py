"""What foreign errors become: one line of cause, and advice that helps."""

from __future__ import annotations

import pytest

from spark_jobs import progress
from spark_jobs.error_translation import last_resort, translate_error


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(28, "No space left on device", "/data/x"), "Free disk space"),
        (PermissionError(13, "Permission denied", "/data/x"), "Give this user the right"),
        (NotADirectoryError(20, "Not a directory", "/data/x/y"), "set another `root`"),
        (RuntimeError("org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)"), "killed"),
        (RuntimeError("(sqlite3.OperationalError) database is locked"), "MLflow database"),
        (RuntimeError("[CAST_INVALID_INPUT] The value 'x' of the type STRING cannot be cast"), "columns.text"),
    ],
)
def test_a_frequent_foreign_error_has_advice_of_its_own(error, advice):
    found = translate_error(error)
    assert advice in found.advice
    assert found.advice != last_resort()
    assert found.message


def test_an_unknown_error_says_in_which_phase_it_came_and_where_the_log_is(tmp_path):
    def train():
        with progress.phase("profiling"):
            pass
        with progress.phase("training"), progress.phase("fitting"):
            raise KeyError("x")

    with pytest.raises(KeyError) as failed:
        train()
    (tmp_path / "spark-1.log").write_text("WARN")
    progress.log_to(tmp_path / "spark-1.log")
    told = translate_error(failed.value)
    assert told.message == "Unexpected error in the phase 'fitting' (KeyError): 'x'"
    assert str(tmp_path / "spark-1.log") in told.advice
    assert "--debug" in told.advice
    progress.log_to(None)
    assert "log" not in last_resort()
    with progress.phase("reading"):
        assert translate_error(failed.value).message.startswith("Unexpected error (KeyError)")

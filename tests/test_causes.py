"""What foreign errors become: one line of cause, and advice that helps."""

from __future__ import annotations

import pytest

from spark_jobs.causes import ADVICE, worded


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(28, "No space left on device", "/data/x"), "Free disk space"),
        (PermissionError(13, "Permission denied", "/data/x"), "Give this user the right"),
        (RuntimeError("org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)"), "killed"),
        (RuntimeError("(sqlite3.OperationalError) database is locked"), "MLflow database"),
        (RuntimeError("[CAST_INVALID_INPUT] The value 'x' of the type STRING cannot be cast"), "columns.text"),
    ],
)
def test_a_frequent_foreign_error_has_advice_of_its_own(error, advice):
    found = worded(error)
    assert advice in found.advice
    assert found.advice != ADVICE
    assert found.message

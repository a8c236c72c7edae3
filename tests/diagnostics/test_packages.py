"""What is reported of Python and of packages that are too old or not installed."""

from __future__ import annotations

from spark_jobs.diagnostics.packages import check_algorithm_package, check_python
from spark_jobs.models import Algorithm, Options


def test_python_3_11_is_the_oldest_that_runs_jobs() -> None:
    assert check_python((3, 11, 0)).state == "good"
    old = check_python((3, 10, 14))
    assert (old.state, old.found) == ("bad", "3.10.14; 3.11 or newer is required")
    assert "python3.11" in old.advice


def test_the_package_of_an_algorithm_is_missed_only_where_the_spec_asks_for_it() -> None:
    fancy = Algorithm("Fancy", Options, {}, package="no_such_package", extra="fancy")
    found = check_algorithm_package(fancy, is_needed=True)
    assert (found.state, found.advice) == ("bad", "pip install 'spark-jobs[fancy]'")
    assert check_algorithm_package(fancy, is_needed=False).state == "poor"
    installed = check_algorithm_package(Algorithm("Numbers", Options, {}, package="numpy"), is_needed=True)
    assert (installed.state, installed.found.split()[0]) == ("good", "numpy")

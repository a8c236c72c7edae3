"""How `make test` divides the tests among its processes."""

from __future__ import annotations

import pytest
from workers import unit_of


@pytest.mark.parametrize("id", ["test_a", "test_a[tests/jobs/x.py::y]", "TestA::test_b[1::2]"])
def test_one_worker_runs_all_tests_of_a_file(id):
    assert unit_of(f"tests/plan/test_plan.py::{id}") == "tests/plan/test_plan.py"


def test_one_worker_runs_all_tests_that_share_fitted_pipelines(request):
    asking = [item for item in request.session.items if "pipelines" in item.fixturenames]
    assert {unit_of(item.nodeid) for item in asking} <= {unit_of("tests/graph/test_compile.py::test_a")}

"""doctor: check the requirements of jobs on this machine and advise how to fix what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_jobs import progress
from spark_jobs.diagnostics.finding import Finding, run_check
from spark_jobs.diagnostics.machine import check_machine
from spark_jobs.diagnostics.workers import check_workers
from spark_jobs.errors import JobError
from spark_jobs.results.result import Result
from spark_jobs.runtime import session
from spark_jobs.spec import Environment, Spec

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run(env: Environment, spec: Spec | None = None, spark: SparkSession | None = None) -> Result:
    """Check the requirements of jobs on this machine; start Spark only if all quick checks pass.

    `spark` is a session that is open already; without one, a session is opened and closed again.

    Raises:
        JobError: A requirement is not met; the message lists all of them, the advice how to fix them.
    """
    with progress.phase("looking"):
        findings = list(check_machine(env, spec))
    if not any(finding.is_bad for finding in findings):
        with progress.phase("trying Spark"):
            findings.append(run_check("Python workers", lambda: _workers(env, spark)))
    _refuse_bad(findings)
    lines = tuple(finding.line() for finding in findings)
    return Result(job="doctor", summary=lines, extra={"checks": [finding.to_dict() for finding in findings]})


def _workers(env: Environment, given: SparkSession | None) -> Finding:
    spark = given or session.open(env)
    try:
        return check_workers(spark)
    finally:
        if given is None:
            session.close(spark)


def _refuse_bad(findings: Sequence[Finding]) -> None:
    bad = [finding for finding in findings if finding.is_bad]
    if bad:
        for finding in findings:
            progress.note(finding.line())
        cause = "; ".join(f"{finding.name}: {finding.found.rstrip('.')}" for finding in bad)
        raise JobError(f"Jobs cannot run here. {cause}.", " ".join(finding.advice for finding in bad))

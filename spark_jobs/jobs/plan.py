"""plan: report every decision that training would take, with its reason, without fitting a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from spark_jobs import progress
from spark_jobs.plan import Decision, Plan
from spark_jobs.plan.plan import decision_lines
from spark_jobs.results.lines import counted, made_name, warned
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec
from spark_jobs.training.prepare import Prepared, inspect_source, prepare
from spark_jobs.training.workflow import plan_training
from spark_jobs.tuning.families import first_spec
from spark_jobs.tuning.search_plan import plan_search


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Read and profile the source and return all decisions; write nothing."""
    return plan_with_result(spec, spark, env)[1]


def _planned(spec: Spec, prepared: Prepared) -> Plan:
    """Return the plan of the spec's model; for a search, of the algorithm that it tries first."""
    if spec.search is None:
        return plan_training(spec, prepared).plan
    plan = plan_training(first_spec(spec, prepared.problem.task), prepared).plan
    decided = plan_search(spec, plan, prepared.counts["trained"], connect=is_remote()).decisions
    others = [one for one in plan.decisions if one.subject != "model"]
    return replace(plan, decisions=(*decided, *others))


def plan_with_result(spec: Spec, spark: SparkSession, env: Environment) -> tuple[Plan, Result]:
    """Return the plan of a training, and the result that the command line prints."""
    root = Path(env.root).resolve()
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="plan-", dir=root) as scratch:
        inspected = inspect_source(spec, spark)
        prepared = prepare(spec, spark, inspected, Path(scratch))
        plan = _planned(spec, prepared)
    reading = [Decision("source", inspected.table.reading.kind, said) for said in inspected.table.reading.decisions]
    decisions, warnings = [*reading, *plan.decisions], (*inspected.warnings, *progress.warnings())
    return plan, Result(
        job="plan",
        rows=prepared.counts,
        cells=inspected.lost,
        left_out=plan.left_out,
        warnings=warnings,
        seconds=progress.seconds(),
        extra={"plan": [{"subject": d.subject, "choice": d.choice, "reason": d.reason} for d in decisions]},
        summary=(
            f"{spec.name}: what `train` would do.",
            *made_name(spec),
            f"  rows: {counted(prepared.counts)}",
            *(f"  {line}" for line in decision_lines(decisions)),
            *warned(warnings),
        ),
    )

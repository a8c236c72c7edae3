"""check: validate a spec without Spark and without data."""

from __future__ import annotations

from spark_jobs import models
from spark_jobs.results.lines import made_name
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec


def run(spec: Spec, env: Environment) -> Result:
    """Return a summary of a spec that has passed validation."""
    lines = (
        f"{spec.name}: the spec is valid, as far as that can be checked without data.",
        *made_name(spec),
        f"  predict   {spec.target} from {spec.source.place}" + (f" ({spec.task})" if spec.task else ""),
        f"  model     {models.find(spec.model.kind).title}",
        f"  runs      {env.name}, under {env.root}",
    )
    return Result(job="check", summary=lines)

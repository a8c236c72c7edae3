"""check: validate a spec without Spark and without data."""

from __future__ import annotations

from spark_jobs import models
from spark_jobs.results.lines import made_name
from spark_jobs.results.result import Result
from spark_jobs.spec import Environment, Spec
from spark_jobs.spec.constants import AUTO


def run(spec: Spec, env: Environment) -> Result:
    """Return a summary of a spec that has passed validation."""
    lines = (
        f"{spec.name}: the spec is valid, as far as that can be checked without data.",
        *made_name(spec),
        f"  predict   {spec.target} from {spec.source.place}" + (f" ({spec.task})" if spec.task else ""),
        f"  model     {_model_title(spec)}",
        f"  runs      {env.name}, under {env.root}",
    )
    return Result(job="check", summary=lines)


def _model_title(spec: Spec) -> str:
    return "the best of several algorithms" if spec.model.kind == AUTO else models.find(spec.model.kind).title

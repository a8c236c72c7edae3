"""A short commented spec for a source that was inspected."""

from __future__ import annotations

import json
import re

from spark_jobs.columns.types import ColumnType
from spark_jobs.models import algorithm_kinds, find
from spark_jobs.spec import Spec
from spark_jobs.training.prepare import InspectedSource

_SHOWN = 40
_PLAIN = re.compile(r"[A-Za-z_./][\w./*-]*")


def starter_spec(spec: Spec, inspected: InspectedSource) -> str:
    """Return the spec as YAML: the required keys, and comments about the detected task and columns."""
    problem = inspected.problem
    lines = [
        f"# {inspected.raw.rows:,} rows, {len(inspected.types)} columns. Every omitted key has a default;",
        "# `spark-jobs plan` shows all decisions with their reasons.",
        f"source: {_yaml(spec.source.path or '')}",
        f"target: {_yaml(spec.target)}",
        f"task: {problem.task}   # {_comment(problem.reason)}",
    ]
    if problem.positive is not None:
        lines.append(f"positive: {json.dumps(problem.positive, ensure_ascii=False)}   # the rarer label")
    others = [kind for kind in algorithm_kinds() if kind != spec.model.kind and problem.task in find(kind).estimators]
    lines += [
        f"# model: {{kind: {spec.model.kind}}}   # or {', '.join(others)}",
        "#",
        "# Detected column types:",
        *(_column(kind) for kind in list(inspected.types.values())[:_SHOWN]),
    ]
    left = len(inspected.types) - _SHOWN
    return "\n".join(lines + ([f"#   … and {left} more"] if left > 0 else [])) + "\n"


def _column(kind: ColumnType) -> str:
    return _comment(f"#   {kind.name}: {kind.kind} ({kind.reason})")


def _comment(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


def _yaml(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)

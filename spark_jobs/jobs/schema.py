"""schema: the JSON schema of a spec, with the options of all algorithms and the kinds of all feature steps."""

from __future__ import annotations

import json
from typing import Any

from spark_jobs import features, models, spec
from spark_jobs.jobs.result import Result


def run() -> Result:
    """Return the schema as text for editors, and as an object for `--json`."""
    made = whole()
    return Result(job="schema", extra={"schema": made}, summary=(json.dumps(made, indent=2, ensure_ascii=False),))


def whole() -> dict[str, Any]:
    """Return the spec's JSON schema, completed with the kinds of feature steps and each algorithm's options."""
    made = spec.schema()
    definitions = made["$defs"]
    encoders, scalers = ["auto", *features.step_kinds("encoders")], ["auto", *features.step_kinds("scalers")]
    for name in ("Features", "ColumnFeatures"):
        definitions[name]["properties"]["categorical"]["enum"] = encoders + [None] * (name != "Features")
        definitions[name]["properties"]["numeric"]["enum"] = scalers + [None] * (name != "Features")
    definitions["Model"]["properties"]["kind"]["enum"] = ["auto", *models.algorithm_kinds()]
    definitions["Model"]["allOf"] = [_params_of(kind, definitions) for kind in models.algorithm_kinds()]
    return made


def _params_of(kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    options = models.find(kind).options
    own = options.model_json_schema(ref_template="#/$defs/{model}")
    definitions.update(own.pop("$defs", {}))
    definitions[options.__name__] = own
    return {
        "if": _is_kind(kind),
        "then": {"properties": {"params": {"$ref": f"#/$defs/{options.__name__}"}}},
    }


def _is_kind(kind: str) -> dict[str, Any]:
    chosen: dict[str, Any] = {"properties": {"kind": {"const": kind}}}
    return chosen if kind == "linear" else {**chosen, "required": ["kind"]}

"""The JSON schema of a spec, with the options of every algorithm and the kinds of every value step."""

from __future__ import annotations

import json
from typing import Any

from spark_jobs import features, models, spec
from spark_jobs.jobs.result import Result


def run() -> Result:
    """The schema as text for people's editors, and as a value for `--json`."""
    made = whole()
    return Result(job="schema", extra={"schema": made}, summary=(json.dumps(made, indent=2, ensure_ascii=False),))


def whole() -> dict[str, Any]:
    """The JSON schema of a spec file, with the options of steps and algorithms where the spec leaves them open."""
    made = spec.schema()
    definitions = made["$defs"]
    encoders, scalers = ["auto", *features.kinds("encoders")], ["auto", *features.kinds("scalers")]
    for name in ("Features", "ColumnFeatures"):
        definitions[name]["properties"]["categorical"]["enum"] = encoders + [None] * (name != "Features")
        definitions[name]["properties"]["numeric"]["enum"] = scalers + [None] * (name != "Features")
    definitions["Model"]["properties"]["kind"]["enum"] = list(models.kinds())
    definitions["Model"]["allOf"] = [_params_of(kind, definitions) for kind in models.kinds()]
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

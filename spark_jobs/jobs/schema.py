"""schema: the JSON schema of a spec, with the options of algorithms, the kinds of feature steps and the checks."""

from __future__ import annotations

import json
from typing import Any

from spark_jobs import models, spec
from spark_jobs.checks import checks_schema
from spark_jobs.features.choices import complete_schema
from spark_jobs.results.result import Result
from spark_jobs.spec import constants


def run() -> Result:
    """Return the schema as text for editors, and as an object for `--json`."""
    made = whole()
    return Result(job="schema", extra={"schema": made}, summary=(json.dumps(made, indent=2, ensure_ascii=False),))


def whole() -> dict[str, Any]:
    """Return the spec's JSON schema, completed with each algorithm's options, the kinds of feature steps and checks."""
    made = spec.schema()
    definitions = made["$defs"]
    for name, optional in (("Features", False), ("ColumnFeatures", True)):
        complete_schema(definitions[name]["properties"], optional)
    definitions["Model"]["properties"]["kind"]["enum"] = [constants.AUTO, *models.algorithm_kinds()]
    definitions["Model"]["allOf"] = [_params_of(kind, definitions) for kind in models.algorithm_kinds()]
    check = checks_schema()
    definitions.update(check.pop("$defs"))
    made["properties"]["checks"]["items"] = check
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
    return chosen if kind == constants.DEFAULT_MODEL else {**chosen, "required": ["kind"]}

"""The JSON schema of a spec, for editors."""

from __future__ import annotations

from typing import Any

from spark_jobs.spec.models import Spec


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a spec file, with a description for each key.

    The options of `model.params` are not included, since each algorithm's module defines its own.
    """
    made = Spec.model_json_schema()
    source = made["properties"]["source"]
    short = {"type": "string", "description": "A file, a folder or a glob; shorthand for `{path: …}`."}
    made["properties"]["source"] = {
        "anyOf": [short, {"$ref": source["$ref"]}],
        "description": source["description"],
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}

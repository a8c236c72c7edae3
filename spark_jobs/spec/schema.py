"""The JSON schema of a spec, for editors."""

from __future__ import annotations

from typing import Any

from spark_jobs.spec.models import Spec


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a spec file, each key with its description.

    What an algorithm's `params` may hold is known to the algorithm's own file and is not in here.
    """
    made = Spec.model_json_schema()
    source = made["properties"]["source"]
    short = {"type": "string", "description": "A file, a folder or a glob; short for `{path: …}`."}
    made["properties"]["source"] = {
        "anyOf": [short, {"$ref": source["$ref"]}],
        "description": source["description"],
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}

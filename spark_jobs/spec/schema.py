"""The JSON schema of a spec, for editors."""

from __future__ import annotations

from typing import Any

from spark_jobs.spec.models import Spec
from spark_jobs.spec.source_keys import source_syntaxes


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
    _add_source_kinds(made["$defs"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _add_source_kinds(definitions: dict[str, Any]) -> None:
    """Complete the source with the names of all kinds and with the keys that they declare."""
    source = definitions["Source"]
    kind = source["properties"]["kind"]
    kind["anyOf"] = [{"enum": list(source_syntaxes()), "type": "string"}, {"type": "null"}]
    own: dict[str, dict[str, Any]] = {}
    for name, syntax in source_syntaxes().items():
        theirs = syntax.keys.model_json_schema()
        definitions.update(theirs.get("$defs", {}))
        for key in syntax.keys.own():
            own.setdefault(key, {})[name] = theirs["properties"][key]
    source["properties"] |= {key: _key_of_kinds(kinds) for key, kinds in own.items()}
    source["additionalProperties"] = False


def _key_of_kinds(schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of a key that some kinds of source declare; its description begins with their names."""
    first, *others = schemas.values()
    about = first["description"]
    names = " and ".join(f"`{name}`" for name in schemas)
    merged = first if all(other == first for other in others) else {"anyOf": list(schemas.values())}
    said = f"{'Kinds' if others else 'Kind'} {names}: {about[0].lower()}{about[1:]}"
    return {**merged, "description": said}

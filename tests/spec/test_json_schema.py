from __future__ import annotations

from spark_jobs.jobs.schema import whole
from spark_jobs.spec import Spec, schema


def _properties(node, path=""):
    for name, inner in node.get("properties", {}).items():
        yield f"{path}.{name}", inner


def test_every_key_is_described():
    made = whole()
    nodes = {"": made, **made["$defs"]}
    referred = {f"#/$defs/{name}" for name, node in made["$defs"].items() if node.get("description")}
    bare = [
        path
        for name, node in nodes.items()
        for path, inner in _properties(node, name)
        if not (inner.get("description") or inner.get("$ref") in referred)
    ]
    assert bare == []


def test_two_lines_are_enough_and_the_short_form_is_known():
    made = schema()
    assert made["required"] == ["source", "target"]
    assert [next(iter(form)) for form in made["properties"]["source"]["anyOf"]] == ["type", "$ref"]
    assert set(made["properties"]) == set(Spec.model_fields)
    assert made["additionalProperties"] is False


def test_the_whole_schema_knows_each_algorithm_s_options():
    made = whole()
    chosen = {
        part["if"]["properties"]["kind"]["const"]: part["then"]["properties"]["params"]
        for part in made["$defs"]["Model"]["allOf"]
    }
    assert {"linear", "tree", "forest", "boosted_trees", "svm", "neural_net", "naive_bayes", "xgboost"} == set(chosen)
    options = made["$defs"][chosen["forest"]["$ref"].rpartition("/")[2]]
    assert options["properties"]["max_depth"]["type"] == "integer"
    assert all(part.get("description") for part in options["properties"].values())

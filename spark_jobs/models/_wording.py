"""What an option must be and what came, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from spark_jobs.errors import did_you_mean

_ELSEWHERE = {
    "n_estimators": "trees",
    "num_trees": "trees",
    "num_round": "trees",
    "num_boost_round": "trees",
    "rounds": "trees",
    "eta": "learning_rate",
    "step_size": "learning_rate",
    "reg_param": "regularization",
    "reg_lambda": "regularization",
    "lambda": "regularization",
    "alpha": "regularization",
    "l2": "regularization",
    "l1_ratio": "elastic_net",
    "reg_alpha": "l1",
    "tol": "tolerance",
    "fit_intercept": "intercept",
    "n_iter": "max_iterations",
    "epochs": "max_iterations",
    "max_bin": "bins",
    "depth": "max_depth",
    "min_samples_leaf": "min_rows",
    "min_instances_per_node": "min_rows",
    "min_child_weight": "min_weight",
    "min_info_gain": "min_gain",
    "gamma": "min_gain",
    "subsampling_rate": "subsample",
    "feature_subset_strategy": "features_per_split",
    "max_features": "features_per_split",
    "colsample_bytree": "features_per_tree",
    "num_workers": "workers",
    "hidden_layer_sizes": "layers",
    "hidden_layers": "layers",
    "model_type": "kind",
}


def advice(name: str, known: Iterable[str]) -> str:
    """The nearest option, also where the name is what another library calls it.

    >>> advice("n_estimators", ["trees", "max_depth"])
    "Did you mean 'trees'?"
    """
    valid = list(known)
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    other = _ELSEWHERE.get(snake)
    return f"Did you mean '{other}'?" if other in valid else did_you_mean(snake, valid)


def fault(name: str, schema: Mapping[str, Any], value: Any) -> str:
    """One line: the key, what it must be (from its JSON schema), what came."""
    return f"`model.params.{name}` must be {expected(schema)}. Got {shown(value)} instead."


def expected(schema: Mapping[str, Any]) -> str:
    """What a JSON schema allows, in words.

    >>> expected({"type": "integer", "minimum": 1, "maximum": 30})
    'a whole number, at least 1 and at most 30'
    """
    if "anyOf" in schema:
        return " or ".join(expected(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"'{choice}'" for choice in schema["enum"])
    if schema["type"] == "array":
        length = f" of at most {schema['maxItems']} entries" if "maxItems" in schema else ""
        return f"a list{length}, each {expected(schema['items'])}"
    nouns = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "null": "null"}
    limits = " and ".join(_limits(schema))
    return nouns[schema["type"]] + (f", {limits}" if limits else "")


def _limits(schema: Mapping[str, Any]) -> list[str]:
    words = {"minimum": "at least", "exclusiveMinimum": "above", "exclusiveMaximum": "below", "maximum": "at most"}
    return [f"{phrase} {schema[key]:g}" for key, phrase in words.items() if key in schema]


def shown(value: Any) -> str:
    """A value as the user would write it, cut where it is long.

    >>> shown("ten"), shown(True), shown(None)
    ("'ten'", 'true', 'null')
    """
    words = {True: "true", False: "false"} if isinstance(value, bool) else {None: "null"} if value is None else {}
    text = words.get(value, "") if words else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"

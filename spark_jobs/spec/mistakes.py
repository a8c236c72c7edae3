"""Error messages for an invalid spec: the location, the expected and the found value, the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from spark_jobs.errors import SpecError, did_you_mean, nearest
from spark_jobs.spec.yaml12 import KeyPath

SHOWN = 10


@dataclass(frozen=True, slots=True)
class SpecIssue:
    """One mistake in a spec: its key path, what is wrong, and a hint how to fix it.

    `meant` is the valid key nearest to a misspelled one, or empty.
    """

    path: KeyPath
    text: str
    hint: str = ""
    meant: str = ""


def repeated_names(path: KeyPath, names: Sequence[str], what: str = "column") -> Iterator[SpecIssue]:
    """Yield an issue for each name that a list repeats.

    Args:
        path: The key path of the list.
        names: The list.
        what: What it holds.
    """
    for index, name in enumerate(names):
        if name in names[:index]:
            yield SpecIssue((*path, index), f"lists the {what} '{name}' twice.", "Remove the duplicate.")


def dotted(path: KeyPath) -> str:
    """Return a key path in dotted notation, with quotes where a key needs them.

    >>> dotted(("columns", "order", "a.b", 2))
    'columns.order."a.b"[2]'
    """
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            name = part if re.fullmatch(r"[\w-]+", part) else '"' + part[:80].replace('"', '""') + '"'
            shown += f".{name}" if shown else name
    return shown


def refusal(mistakes: Sequence[SpecIssue], place: Callable[[KeyPath], str]) -> SpecError:
    """Combine mistakes into one error with a line for each; at most `SHOWN` are listed.

    Args:
        mistakes: At least one mistake.
        place: Returns the prefix of a key path, such as "conf/churn.yml:7: ".
    """
    lines = [f"`{place(one.path)}{dotted(one.path)}` {one.text}" for one in mistakes[:SHOWN]]
    if len(mistakes) == 1:
        return SpecError(lines[0], mistakes[0].hint or "`spark-jobs schema` prints every key and its values.")
    lines = [f"{line} {one.hint}".rstrip() for line, one in zip(lines, mistakes, strict=False)]
    more = f", the first {SHOWN} shown" if len(mistakes) > SHOWN else ""
    return SpecError("\n".join(lines), f"{len(mistakes)} mistakes{more}; `spark-jobs schema` prints every key.")


def mistakes_of(error: ValidationError, schema: Mapping[str, Any]) -> list[SpecIssue]:
    """Translate pydantic's errors into mistakes, at most one for each key path.

    Args:
        schema: The JSON schema, which describes the expected values.
    """
    found: dict[KeyPath, SpecIssue] = {}
    for details in error.errors(include_url=False):
        path, node = _walk(schema, tuple(details["loc"]), ends_in_key=details["type"] == "extra_forbidden")
        found.setdefault(path, _worded(path, node, details, schema))
    parents = {path[:length] for path in found for length in range(len(path))}
    misspelled = {(*path[:-1], mistake.meant) for path, mistake in found.items() if mistake.meant}
    return [mistake for path, mistake in found.items() if path not in parents | misspelled]


def _worded(path: KeyPath, node: Mapping[str, Any], details: Mapping[str, Any], schema: Mapping[str, Any]) -> SpecIssue:
    given = details["input"]
    match details["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            return _untagged(path, given, details, _tagged([node], schema))
        case "missing":
            return SpecIssue(path, "is missing.", f"It must be {expected(node, schema)}.")
        case "extra_forbidden":
            known, key = list(node.get("properties", {})), str(path[-1])
            meant = nearest(key, known) or ""
            return SpecIssue(path, "is not a known key.", did_you_mean(key, known), meant)
        case "rule":
            return SpecIssue(path, details["msg"] + got(given))
    return SpecIssue(path, f"must be {expected(node, schema)}.{got(given)}", _hint(given, node, schema))


def _untagged(path: KeyPath, given: object, details: Mapping[str, Any], branches: Mapping[str, Any]) -> SpecIssue:
    """Return the mistake of a mapping whose discriminator key is missing or has an unknown value."""
    key = str(details["ctx"]["discriminator"]).strip("'")
    known = ", ".join(branches)
    if not isinstance(given, Mapping) or key not in given:
        return SpecIssue((*path, key), "is missing.", f"It must be one of {known}.")
    hint = did_you_mean(given[key], branches) if isinstance(given[key], str) else ""
    return SpecIssue((*path, key), f"must be one of {known}.{got(given[key])}", hint)


def _hint(given: object, node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    free = [branch.get("type") for branch in _branches([node], schema) if not {"enum", "const"} & set(branch)]
    if isinstance(given, str):
        close = nearest(given, _choices(node, schema))
        return f"Did you mean '{close}'?" if close else f"Write [{given}]." if "array" in free else ""
    plain = given is None or isinstance(given, bool | int | float)
    return "Put it in quotes if it is meant as text." if plain and "string" in free else ""


def got(value: object) -> str:
    """Return the sentence that reports the found value, shortened to fit on a line.

    >>> got(True)
    ' Got true instead.'
    """
    match value:
        case None:
            shown = "nothing (null)"
        case bool():
            shown = str(value).lower()
        case "":
            shown = "an empty text"
        case str():
            cut = value if len(value) <= 60 else value[:60] + "…"
            shown = f"'{cut if cut.isprintable() else cut.encode('unicode_escape').decode()}'"
        case list() | tuple() if len(str(value)) > 60:
            shown = "a list"
        case Mapping():
            shown = "a mapping"
        case _:
            shown = str(value)[:60]
    return f" Got {shown} instead."


def _walk(
    schema: Mapping[str, Any], location: tuple[str | int, ...], ends_in_key: bool
) -> tuple[KeyPath, Mapping[str, Any]]:
    """Return the key path without pydantic's union tags, and the schema node that describes the value there.

    `ends_in_key`: the location's last part is a key of the input, even if the schema has no such key.
    """
    path: list[str | int] = []
    nodes = [schema]
    for left, part in zip(range(len(location), 0, -1), location, strict=True):
        tagged = _tagged(nodes, schema)
        if part in tagged:
            nodes = [tagged[str(part)]]
            continue
        inner = [child for node in _branches(nodes, schema) if (child := _child(node, part)) is not None]
        if inner:
            path.append(part)
            nodes = inner
        elif (ends_in_key and left == 1) or not (_is_union(nodes, schema) or part == "[key]"):
            branches = _branches(nodes, schema)
            return (*path, part), next((one for one in branches if "properties" in one), branches[0])
    return tuple(path), nodes[0]


def _is_union(nodes: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> bool:
    return any("anyOf" in _resolved(node, schema) for node in nodes)


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else node


def _tagged(nodes: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the schemas of a discriminated union by the value of its discriminator."""
    found: dict[str, Mapping[str, Any]] = {}
    for node in (_resolved(node, schema) for node in nodes):
        mapping = node.get("discriminator", {}).get("mapping", {})
        found |= {tag: _resolved({"$ref": reference}, schema) for tag, reference in mapping.items()}
    return found


def _branches(nodes: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for node in (_resolved(node, schema) for node in nodes):
        found += _branches(node["anyOf"], schema) if "anyOf" in node else [node]
    return found


def _child(node: Mapping[str, Any], part: str | int) -> Mapping[str, Any] | None:
    if isinstance(part, int):
        items = node.get("items")
        return items if isinstance(items, Mapping) else {} if node.get("type") == "array" else None
    if part in node.get("properties", {}):
        child: Mapping[str, Any] = node["properties"][part]
        return child
    rest = node.get("additionalProperties")
    return rest if isinstance(rest, Mapping) else {} if rest is True else None


def _choices(node: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    branches = _branches([node], schema)
    return [str(choice) for branch in branches for choice in branch.get("enum", [branch.get("const")]) if choice]


def expected(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Describe the values that a node of a JSON schema allows.

    >>> expected({"type": "integer", "minimum": 1, "maximum": 30}, {})
    'a whole number from 1 to 30'
    """
    branches = _branches([node], schema)
    choices = _choices(node, schema)
    phrases = [_phrase(branch) for branch in branches if not {"enum", "const"} & set(branch)]
    phrases = [phrase for phrase in dict.fromkeys(phrases) if phrase]
    if choices:
        phrases.insert(0, ("one of " if len(choices) > 1 and len(phrases) == 0 else "") + ", ".join(choices))
    return " or ".join(phrases) or "something else"


def _phrase(node: Mapping[str, Any]) -> str:
    match node.get("type"):
        case "integer":
            return "a whole number" + _bounds(node)
        case "number":
            return "a number" + _bounds(node)
        case "boolean":
            return "true or false"
        case "string":
            return _text_phrase(node)
        case "array":
            most = node.get("maxItems")
            return f"a list of at most {most} entries, each {_phrase(node['items'])}" if most else "a list"
        case "object":
            return "a mapping"
    key = node.get("discriminator", {}).get("propertyName")
    return f"a mapping with a `{key}`" if key else ""


def _text_phrase(node: Mapping[str, Any]) -> str:
    if "pattern" in node:
        return f"text like {node['pattern']}"
    longest = f" of at most {node['maxLength']} characters" if "maxLength" in node else ""
    return ("text, not empty" if node.get("minLength") else "text") + ("" if node.get("minLength") else longest)


def _bounds(node: Mapping[str, Any]) -> str:
    if {"minimum", "maximum"} <= set(node):
        return f" from {node['minimum']:,} to {node['maximum']:,}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {node[key]:,}" for key, sign in signs.items() if key in node]
    return " " + " and ".join(bounds) if bounds else ""

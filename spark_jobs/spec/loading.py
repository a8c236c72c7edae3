"""Loading, validating and dumping specs and environments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path as File
from typing import Any

import yaml
from pydantic import ValidationError

from spark_jobs.errors import SpecError, did_you_mean, nearest
from spark_jobs.spec.environment import Environment
from spark_jobs.spec.mistakes import SpecIssue, mistakes_of, refusal
from spark_jobs.spec.models import Spec
from spark_jobs.spec.overrides import overridden
from spark_jobs.spec.repair import repaired, unaffected
from spark_jobs.spec.rules import broken_rules, later_parts
from spark_jobs.spec.schema import schema
from spark_jobs.spec.yaml12 import MAX_BYTES, Document, KeyPath, Position, read_yaml, resolve_scalar

Places = Callable[[KeyPath], str]
Rules = Callable[[Spec], Iterable[SpecIssue]]
"""Additional validation of a spec: the options of algorithms and feature steps."""


def no_rules(spec: Spec) -> Iterable[SpecIssue]:
    """Return no issues: the default when no additional rules apply."""
    return ()


def load(path: str | File, env: str | None = None, overrides: Sequence[str] = ()) -> tuple[Spec, Environment]:
    """Load a spec and the environment to run it in.

    Args:
        env: The name of a file in `conf/env` without its extension; None means `local`.
        overrides: Changes of the form `path.to.key=value`; later ones win.

    Raises:
        SpecError: The spec or the environment is invalid. The message lists the mistakes that are visible without
            data, each with file, line and key.
    """
    spec, _ = load_spec(path, overrides)
    return spec, load_environment(env, File(path).parent)


def load_spec(path: str | File, overrides: Sequence[str] = (), more_rules: Rules = no_rules) -> tuple[Spec, Places]:
    """Load a spec, and return it with a function that maps a key path to its file, line and column.

    Raises:
        SpecError: The spec is invalid; the message lists the mistakes that are visible without data.
    """
    document = _read(File(path))
    data, changed = overridden(document.data, overrides)
    places = _places(str(path), document.positions, changed)
    return parse(data, places, more_rules), places


def parse(data: Mapping[str, Any], place: Places = lambda path: "", more_rules: Rules = no_rules) -> Spec:
    """Validate plain data and return it as a spec.

    Args:
        data: The content of a YAML or JSON file.
        place: Returns the prefix of a key path in error messages, such as file, line and column.
        more_rules: Additional validation, such as the options of algorithms.

    Raises:
        SpecError: The spec is invalid; the message lists the mistakes that are visible without data.
    """
    later = list(later_parts(data))
    named = {mistake.path[0] for mistake in later}
    try:
        spec = Spec.model_validate(data)
    except ValidationError as error:
        found = [mistake for mistake in mistakes_of(error, schema()) if mistake.path[0] not in named]
        raise refusal([*later, *found, *_beyond(data, [*later, *found], more_rules)], place) from None
    mistakes = [*later, *broken_rules(spec), *more_rules(spec)]
    if mistakes:
        raise refusal(mistakes, place)
    return spec


def _beyond(data: Mapping[str, Any], shape: Sequence[SpecIssue], more_rules: Rules) -> list[SpecIssue]:
    """Return the rule violations of a spec that also has malformed keys."""
    without = repaired(data, shape)
    if without is None:
        return []
    spec, removed = without
    return unaffected(chain(broken_rules(spec), more_rules(spec)), removed)


def load_environment(name: str | None, beside: File) -> Environment:
    """Load the environment `NAME` from `env/NAME.yml` next to the spec, else from `conf/env/NAME.yml`.

    Args:
        name: The environment's name; None means `local`, which needs no file.
        beside: The spec's folder. `conf/env` is relative to the current folder.

    Raises:
        SpecError: The environment does not exist or is invalid.
    """
    wanted = name or "local"
    folders = list(dict.fromkeys([beside / "env", File("conf") / "env"]))
    if wanted != File(wanted).name or "\0" in wanted:
        raise SpecError(f"`--env {wanted[:80]}` is not a name.", "Give the name of a file in conf/env, such as local.")
    for folder in folders:
        if (folder / f"{wanted}.yml").is_file():
            return _environment(folder / f"{wanted}.yml", wanted)
    if wanted == "local":
        return Environment()
    there = {file.stem for folder in folders for file in folder.glob("*.yml")} | {"local"}
    raise SpecError(
        f"There is no environment '{wanted}': {wanted}.yml is missing from {' and '.join(map(str, folders))}.",
        did_you_mean(wanted, there),
    )


def dump(spec: Spec) -> str:
    """Return the spec as YAML with all defaults written out; parsing it returns an equal spec."""
    data = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def spec_hash(spec: Spec) -> str:
    """Return the SHA-256 hex digest of a spec with all defaults written out."""
    return sha256(dump(spec).encode()).hexdigest()


def _environment(file: File, name: str) -> Environment:
    document = _read(file)
    try:
        return Environment.model_validate({"name": name, **document.data})
    except ValidationError as error:
        raise refusal(
            mistakes_of(error, Environment.model_json_schema()), _places(str(file), document.positions, ())
        ) from None


def _places(name: str, positions: Mapping[KeyPath, Position], changed: Iterable[KeyPath]) -> Places:
    changed = frozenset(changed)

    def place(path: KeyPath) -> str:
        for length in range(len(path), 0, -1):
            if path[:length] in changed:
                return "--set "
            if path[:length] in positions:
                line, column = positions[path[:length]]
                return f"{name}:{line}:{column}: "
        return "--set " if path and any(one[: len(path)] == path for one in changed) else f"{name}: "

    return place


def _read(file: File) -> Document:
    text = _text(file)
    document = read_yaml(text, str(file))
    if document.data is None:
        raise SpecError(f"`{file}` is empty.", "A spec needs at least `source: …` and `target: …`.")
    if not isinstance(document.data, dict):
        shown = "a list" if isinstance(document.data, list) else "a single value"
        raise SpecError(f"`{file}` must contain a mapping of keys. Got {shown} instead.", "Begin with `source: …`.")
    return document


def _text(file: File) -> str:
    try:
        if not file.exists():
            raise SpecError(f"`{file}`: no such file.", _nearest_file(file))
        if not file.is_file():
            raise SpecError(f"`{file}` is not a file.", "Give the path of the spec's YAML file.")
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"`{str(file)[:200]!s}` cannot be read: {reason}.", "Give the path of the YAML spec.") from None
    if len(content) > MAX_BYTES:
        raise SpecError(
            f"`{file}` is larger than {MAX_BYTES // 1024} KiB.", "A spec is about a page long; this may be a data file."
        )
    return _decoded(content, file)


def _decoded(content: bytes, file: File) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"`{file}:{line}` is not UTF-8 text (byte 0x{content[error.start]:02x})."
        raise SpecError(what, "Save the file as UTF-8.") from None


def _nearest_file(file: File) -> str:
    siblings = [entry.name for entry in file.parent.glob("*.y*ml")] if file.parent.is_dir() else []
    close = nearest(file.name, siblings)
    return f"Did you mean '{file.parent / close}'?" if close else "`spark-jobs init DATA --target T` creates one."


class _Dumper(yaml.SafeDumper):
    """YAML dumper that quotes strings which the YAML 1.2 core schema would parse as another type."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quoted = not isinstance(resolve_scalar(text), str) or not text.isprintable() or text != text.strip()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_Dumper.add_representer(str, _represent_text)

"""The settings that a search may change: each algorithm's own, as the spec fixes or overrides them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spark_jobs.models import SPEC_SETTINGS, Choices, NumberRange, Parameter, Settings, find
from spark_jobs.models import options as model_options
from spark_jobs.spec import Spec
from spark_jobs.spec.constants import AUTO


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings to try, with the algorithm that they are of."""

    kind: str
    settings: Settings

    def apply(self, spec: Spec) -> Spec:
        """Return the spec with these settings and without a search."""
        params = {name: value for name, value in self.settings.items() if name not in SPEC_SETTINGS}
        sections: dict[str, dict[str, Any]] = {
            "model": {"kind": self.kind, "params": {**spec.model.params, **params}},
            "features": {},
        }
        for name in SPEC_SETTINGS:
            if name in self.settings:
                section, _, key = name.partition(".")
                sections[section][key] = self.settings[name]
        changed = {name: getattr(spec, name).model_copy(update=values) for name, values in sections.items()}
        return spec.model_copy(update={**changed, "tune": None})


def fixed(spec: Spec, name: str) -> bool:
    """Return whether the spec sets a value, which a search must not change."""
    if name not in SPEC_SETTINGS:
        return name in spec.model.params
    section, _, key = name.partition(".")
    return bool(getattr(getattr(spec, section), key) not in (AUTO, False))


def own_space(spec: Spec, kind: str) -> dict[str, Any]:
    """Return the ranges that the spec writes for one algorithm, by the name of the setting."""
    return dict(_named_for(spec, kind, spec.search.space)) if spec.search else {}


def own_points(spec: Spec, kind: str) -> list[Settings]:
    """Return the points that the spec writes for one algorithm."""
    points = spec.search.points if spec.search else ()
    named = [dict(_named_for(spec, kind, point)) for point in points]
    return [settings for settings, point in zip(named, points, strict=True) if len(settings) == len(point)]


def _named_for(spec: Spec, kind: str, written: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in written.items():
        named, setting = split_name(spec, name)
        if named in (kind, ""):
            yield setting, value


def split_name(spec: Spec, name: str) -> tuple[str, str]:
    """Return the algorithm and the setting that a name of `tune.space` stands for; no algorithm means all."""
    if name in SPEC_SETTINGS:
        return "", name
    if spec.model.kind != AUTO:
        return spec.model.kind, name
    kind, _, setting = name.partition(".")
    return kind, setting


def parameter(kind: str, name: str, written: Any) -> Parameter:
    """Return the parameter for a range as the spec writes it, once `mistakes` has validated it."""
    if not isinstance(written, Mapping):
        return Choices(tuple(written))
    return NumberRange(written["low"], written["high"], written.get("log", False), is_whole(kind, name))


def is_whole(kind: str, name: str) -> bool:
    """Return whether an option takes whole numbers only."""
    properties = find(kind).options.model_json_schema()["properties"]
    return bool(properties.get(name, {}).get("type") == "integer")


def check_values(kind: str, settings: Settings) -> None:
    """Check the options among settings.

    Raises:
        SpecError: an option does not exist, or its value is not valid.
    """
    model_options(kind, {name: value for name, value in settings.items() if name not in SPEC_SETTINGS})

"""How the functions of the package take a spec: as an object, a mapping, a file, or keyword by keyword."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar

from spark_jobs.errors import SpecError, nearest
from spark_jobs.sources.kinds.dataframe import source_of_view
from spark_jobs.spec import (
    Changes,
    Clean,
    Columns,
    Environment,
    Evaluate,
    Features,
    Model,
    Predictions,
    Source,
    Spec,
    Split,
    Stream,
    Task,
    Track,
    Tune,
    load_environment,
    load_spec,
    parse,
)
from spark_jobs.spec.names import safe_name
from spark_jobs.spec_validation import option_mistakes

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame

AnySpec = Spec | Mapping[str, Any] | str | PathLike[str]
"""A spec, its keys as a mapping, or the path of its YAML file."""
AnyEnvironment = Environment | str
"""An environment, or the name of a file of `conf/env`."""


class SpecKeys(TypedDict, total=False):
    """The top-level keys of a spec as keyword arguments; each replaces what the spec says, None leaves it."""

    source: str | PathLike[str] | Mapping[str, Any] | Source | DataFrame | pd.DataFrame | None
    target: str | None
    name: str | None
    task: Task | None
    positive: str | bool | int | float | None
    weight: str | None
    key: Sequence[str] | None
    timezone: str | None
    columns: Columns | Mapping[str, Any] | None
    split: Split | Mapping[str, Any] | None
    clean: Clean | Mapping[str, Any] | None
    features: Features | Mapping[str, Any] | None
    model: Model | Mapping[str, Any] | None
    tune: Tune | Mapping[str, Any] | None
    evaluate: Evaluate | Mapping[str, Any] | None
    checks: Sequence[Any] | None
    changes: Changes | Mapping[str, Any] | None
    graph: Literal["required", "skip"] | None
    track: Track | Mapping[str, Any] | None
    predictions: Predictions | Mapping[str, Any] | None
    stream: Stream | Mapping[str, Any] | None


Verb = TypeVar("Verb", bound=Callable[..., Any])


def with_spec_keys(verb: Verb) -> Verb:
    """Show the keys of a spec in the signature of a function that takes them as `**keys`.

    `help`, `inspect.signature` and Shift-Tab in Jupyter then list `source`, `target` and the others.
    """
    shown = signature(verb)
    known = [one for one in shown.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    first = [one for one in known if one.kind is not Parameter.KEYWORD_ONLY]
    keys = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=getattr(hint, "__forward_arg__", hint))
        for name, hint in SpecKeys.__annotations__.items()
    ]
    verb.__signature__ = shown.replace(  # type: ignore[attr-defined]  # inspect reads it
        parameters=[*first, *keys, *known[len(first) :]]
    )
    return verb


def check_arguments(keys: Iterable[str], own: Sequence[str]) -> None:
    """Refuse a misspelled argument of a function; what resembles a key of the spec more is left to the spec.

    Raises:
        SpecError: with the nearest argument.
    """
    for key in keys:
        close = nearest(key, (*Spec.model_fields, *own))
        if key not in Spec.model_fields and close in own:
            raise SpecError(f"`{key}` is not an argument of this function.", f"Did you mean '{close}'?")


def merged_keys(given: AnySpec | None, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a spec in any form with keyword arguments, as plain data; nothing is validated yet.

    Raises:
        SpecError: there is no spec at all, or its file is wrong.
    """
    named = {key: value for key, value in keys.items() if value is not None or key not in Spec.model_fields}
    if isinstance(given, (str, PathLike)):
        given = load_spec(Path(given), (), option_mistakes)[0]
    if given is None and not named:
        raise SpecError("There is no spec.", "Give one, or `source=` and `target=`.")
    if isinstance(given, Spec):  # one made by hand is validated as a file is
        given = given.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)
    data = {**(given or {}), **named}
    source = data.get("source")
    return {**data, "source": fspath(source)} if isinstance(source, PathLike) else data


def build_spec(given: AnySpec | None, keys: Mapping[str, Any]) -> tuple[Spec, dict[str, Any]]:
    """Build the spec of a call, checked as far as possible without data.

    Returns:
        The spec, and the DataFrames that it reads by the name of the view that they are to become.

    Raises:
        SpecError: every mistake that can be seen without data.
    """
    data = merged_keys(given, keys)
    frame = data.get("source")
    if not is_frame(frame):
        return parse(data, more_rules=option_mistakes), {}
    name = str(data.get("name") or safe_name(str(data.get("target") or "")))
    view = view_name(name)
    named = {**data, "name": name, "source": dict(source_of_view(view))}
    return parse(named, more_rules=option_mistakes), {view: frame}


def build_environment(env: AnyEnvironment | None, spec: AnySpec | None = None) -> Environment:
    """Find the environment of a call: as given, by its name, or the local one.

    Raises:
        SpecError: there is none of that name.
    """
    if isinstance(env, Environment):
        return env
    return load_environment(env, Path(spec).parent if isinstance(spec, (str, PathLike)) else Path("conf"))


def is_frame(value: object) -> bool:
    """Tell whether a value is a DataFrame of Spark or pandas; neither is imported for it."""
    places = [f"{kind.__module__}.{kind.__name__}" for kind in type(value).__mro__]
    return any(place.endswith(".DataFrame") and place.startswith(("pyspark.sql.", "pandas.")) for place in places)


def view_name(name: str, suffix: str = "") -> str:
    """Name the temporary view that a DataFrame becomes.

    >>> view_name("my-flights", "input")
    'spark_jobs_my_flights_input'
    """
    return "_".join(filter(None, ("spark_jobs", safe_name(name).replace("-", "_"), suffix)))

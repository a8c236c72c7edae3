"""Discovery of plug-ins: the modules of a package, and those that other distributions register."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module, invalidate_caches
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import Any, TypeVar

from spark_jobs.errors import SpecError

Declaration = TypeVar("Declaration")


@cache
def registered(package: str) -> dict[str, EntryPoint]:
    """Return the plug-ins for a package that installed distributions declare, by name.

    A distribution declares one in the entry point group `spark_jobs.<package>`:

        [project.entry-points."spark_jobs.models"]
        nearest = "my_package.nearest:ALGORITHM"

    Args:
        package: The package that the plug-ins extend: `sources`, `features`, `models` or `checks`.
    """
    return {entry.name: entry for entry in entry_points(group=f"spark_jobs.{package}")}


@cache
def built_in(folder: str) -> tuple[str, ...]:
    """Return the names of a package's public modules, for example `built_in("spark_jobs.models")`, sorted."""
    modules = iter_modules(import_module(folder).__path__)
    return tuple(sorted(module.name for module in modules if not module.name.startswith("_")))


def names(package: str, folder: str) -> tuple[str, ...]:
    """Return the names of a package's plug-ins, sorted: the built-in modules of a folder and the registered ones.

    Raises:
        SpecError: A registered plug-in has the name of a built-in one.
    """
    check_collisions(package, built_in(folder), registered(package))
    return tuple(sorted((*built_in(folder), *registered(package))))


def check_collisions(package: str, ours: Iterable[str], others: Iterable[str]) -> None:
    """Refuse registered plug-ins with the name of a built-in one.

    Raises:
        SpecError: The message names the first such plug-in.
    """
    for name in sorted(set(ours) & set(others)):
        value = registered(package)[name].value
        message = f"The plug-in '{name}' ({value}) of `spark_jobs.{package}` has the name of a built-in one."
        raise SpecError(message, "Rename its entry point, or uninstall the package that provides it.")


@cache
def declarations(package: str, folder: str, attribute: str, base: type[Declaration]) -> Mapping[str, Declaration]:
    """Return the declarations that extend a package by name, sorted: the built-in and the registered ones.

    Args:
        package: The package that they extend, for example `sources`.
        folder: The package whose modules are the built-in ones, for example `spark_jobs.sources.kinds`.
        attribute: The name of the declaration in such a module, for example `SOURCE`.
        base: The class of a declaration.

    Raises:
        SpecError: A registered plug-in cannot be imported, is no declaration, or has the name of a built-in one.
    """
    found = names(package, folder)
    return {name: declaration(package, folder, attribute, base, name) for name in found}


def declaration(package: str, folder: str, attribute: str, base: type[Declaration], name: str) -> Declaration:
    """Return one of the `declarations`, without an import of the others.

    Raises:
        SpecError: The registered plug-in cannot be imported, or is no declaration.
    """
    if name in built_in(folder):
        ours: Declaration = getattr(import_module(f"{folder}.{name}"), attribute)
        return ours
    found = load(package, name)
    if not isinstance(found, base):
        plug_in = f"The plug-in '{name}' ({registered(package)[name].value}) of `spark_jobs.{package}`"
        advice = "Name the declaration in the entry point: `module:NAME`."
        raise SpecError(f"{plug_in} must be a declaration. Got a {type(found).__name__}.", advice)
    return found


def load(package: str, name: str) -> Any:
    """Return the object that a registered plug-in names.

    Raises:
        SpecError: The plug-in cannot be imported; the message names it and the cause.
    """
    entry = registered(package)[name]
    try:
        return entry.load()
    except Exception as error:
        message = f"The plug-in '{name}' ({entry.value}) of `spark_jobs.{package}` cannot be loaded: {error}."
        raise SpecError(message, "Update or uninstall the package that provides it.") from error


def refresh() -> None:
    """Forget the plug-ins that were found, so that a distribution installed since then is found as well."""
    invalidate_caches()
    for cached in (registered, built_in, declarations):
        cached.cache_clear()

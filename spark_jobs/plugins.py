"""Discovery of plug-ins: the modules of a package, and those that other distributions register."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import Any

from spark_jobs.errors import SpecError


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
    """Return the names of a package's plug-ins: first the built-in ones of a folder, then the registered ones.

    Raises:
        SpecError: A registered plug-in has the name of a built-in one; the message names both.
    """
    own, others = built_in(folder), registered(package)
    for name in own:
        if name in others:
            message = f"The plug-in '{name}' ({others[name].value}) has the name of the built-in {folder}.{name}."
            raise SpecError(message, "Rename the plug-in, or uninstall the package that provides it.")
    return (*own, *sorted(others))


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

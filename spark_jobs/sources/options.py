"""The reader options that a source accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from spark_jobs.errors import SpecError, did_you_mean

FILES: Final = ("recursiveFileLookup", "pathGlobFilter", "modifiedBefore", "modifiedAfter")
DATES: Final = ("dateFormat", "timestampFormat", "decimal", "thousands")
_ALIASES: Final = {"delimiter": "sep", "charset": "encoding"}


def known_options(kind: str, given: Mapping[str, Any], known: Iterable[str]) -> dict[str, str]:
    """Return the options as text, under Spark's spelling of their names.

    Options cannot set types, the schema or the handling of malformed rows.

    Args:
        kind: The kind of source, for messages.
        given: The options of the spec.
        known: The option names that the kind supports.

    Raises:
        SpecError: An option is unknown for this kind of source.
    """
    by_folded = {name.casefold(): name for name in known}
    by_folded |= {alias: name for alias, name in _ALIASES.items() if name in by_folded.values()}
    found = {}
    for name, value in given.items():
        if name.casefold() not in by_folded:
            cause = f"`source.options.{name}` is not an option of a {kind} source."
            raise SpecError(cause, did_you_mean(name, set(by_folded.values())))
        found[by_folded[name.casefold()]] = str(value).lower() if isinstance(value, bool) else str(value)
    return found

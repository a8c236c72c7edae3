"""The reader options that a source accepts."""

from __future__ import annotations

from typing import Final

from spark_jobs.errors import SpecError, did_you_mean
from spark_jobs.spec.source_keys import SourceKeys, source_syntaxes

FILES: Final = ("recursiveFileLookup", "pathGlobFilter", "modifiedBefore", "modifiedAfter")
VERSIONS: Final = ("versionAsOf", "timestampAsOf")
DATES: Final = ("dateFormat", "timestampFormat", "decimal", "thousands")
_ALIASES: Final = {"delimiter": "sep", "charset": "encoding"}


def known_options(source: SourceKeys) -> dict[str, str]:
    """Return the options as text, under Spark's spelling of their names.

    Options cannot set types, the schema or the handling of malformed rows.

    Args:
        source: The source in the spec, with its kind.

    Raises:
        SpecError: An option is unknown for this kind of source.
    """
    by_folded = {name.casefold(): name for name in source_syntaxes()[str(source.kind)].options}
    by_folded |= {alias: name for alias, name in _ALIASES.items() if name in by_folded.values()}
    found = {}
    for name, value in source.options.items():
        if name.casefold() not in by_folded:
            cause = f"`source.options.{name}` is not an option of a {source.kind} source."
            raise SpecError(cause, did_you_mean(name, set(by_folded.values())))
        found[by_folded[name.casefold()]] = str(value).lower() if isinstance(value, bool) else str(value)
    return found

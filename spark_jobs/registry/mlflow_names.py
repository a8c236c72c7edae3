"""Names and values as MLflow takes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping

_UNSAFE = re.compile(r"[^A-Za-z0-9_ .-]|^[. ]|[. ]$|_(?=x[0-9a-f]+_)")
_LONGEST_NAME = 250
_LONGEST_VALUE = 500


def escaped(name: str) -> str:
    """A name in the characters that MLflow allows; no two names become one.

    >>> escaped("recall_>50K"), escaped("größe")
    ('recall__x3e_50K', 'gr_xf6__xdf_e')
    """
    return _UNSAFE.sub(lambda match: f"_x{ord(match[0]):x}_", name)


def parameters(values: Mapping[str, object]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The values that can be MLflow parameters, as text, and the names of those that cannot.

    Mappings are taken apart under dotted names. Only scalars that need no cutting can be parameters: the whole plan is
    an artefact.
    """
    kept: dict[str, str] = {}
    left: list[str] = []
    for name, value in _flat(values):
        scalar = value is None or isinstance(value, (str, int, float))
        if scalar and len(str(value)) <= _LONGEST_VALUE and len(escaped(name)) <= _LONGEST_NAME:
            kept[escaped(name)] = str(value)
        else:
            left.append(name)
    return kept, tuple(left)


def _flat(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def measures(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics under names that MLflow takes; one that is no finite number is left out, as it says nothing."""
    return {escaped(name): float(value) for name, value in metrics.items() if math.isfinite(value)}


def text_of(names: Iterable[str], limit: int = 20) -> str:
    """Names in one line, the first of them where there are many."""
    listed = list(names)
    return ", ".join(listed[:limit]) + (f" and {len(listed) - limit} more" if len(listed) > limit else "")

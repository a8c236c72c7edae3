"""Conversion of names and values to those that MLflow accepts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from spark_jobs.notebook_html import flat_rows

_UNSAFE = re.compile(r"[^A-Za-z0-9_ .-]|^[. ]|[. ]$|_(?=x[0-9a-f]+_)")
_LONGEST_NAME = 250
_LONGEST_VALUE = 500


def escaped(name: str) -> str:
    """Escape the characters of a name that MLflow does not allow; distinct names stay distinct.

    >>> escaped("recall_>50K"), escaped("größe")
    ('recall__x3e_50K', 'gr_xf6__xdf_e')
    """
    return _UNSAFE.sub(lambda match: f"_x{ord(match[0]):x}_", name)


def parameters(values: Mapping[str, object]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the values that can be MLflow parameters, as text, and the names of the others.

    Mappings are flattened to dotted names. Only scalars within MLflow's length limit become parameters, since the
    complete plan is logged as an artifact.
    """
    kept: dict[str, str] = {}
    left: list[str] = []
    for name, value in flat_rows(values):
        scalar = value is None or isinstance(value, (str, int, float))
        if scalar and len(str(value)) <= _LONGEST_VALUE and len(escaped(name)) <= _LONGEST_NAME:
            kept[escaped(name)] = str(value)
        else:
            left.append(name)
    return kept, tuple(left)


def measures(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the finite metrics under escaped names; NaN and infinities are left out."""
    return {escaped(name): float(value) for name, value in metrics.items() if math.isfinite(value)}

"""Lines that the summaries of several jobs share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spark_jobs.spec import Spec


def made_name(spec: Spec) -> tuple[str, ...]:
    """Return the summary line for a name derived from a location, or nothing if the name was given."""
    return (f"  name      '{spec.name}', made from '{spec.made_from}'",) if spec.made_from else ()


def warned(warnings: Iterable[str]) -> list[str]:
    """Return a line for each warning."""
    return [f"  warning   {sentence}" for sentence in warnings]


def counted(rows: Mapping[str, int]) -> str:
    """Return the nonzero counts as one comma-separated text."""
    return ", ".join(f"{name} {count:,}" for name, count in rows.items() if count)

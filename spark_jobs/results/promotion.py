"""The result of a promotion."""

from __future__ import annotations

from spark_jobs import progress
from spark_jobs.bundle import load_manifest
from spark_jobs.registry.gate import Promotion
from spark_jobs.results.result import Result


def promotion_result(name: str, promotion: Promotion, ledger: str) -> Result:
    """Return the result of `promote` for the use case of this name."""
    version = promotion.version
    return Result(
        job="promote",
        run_id=version.run_id,
        model={"name": version.name, "version": version.version, "alias": "champion"},
        metrics=load_manifest(version.bundle).metrics,
        tables={"ledger": ledger},
        bundle=str(version.bundle),
        seconds=progress.seconds(),
        summary=(promoted(name, promotion), *because(promotion)),
    )


def promoted(name: str, promotion: Promotion) -> str:
    """Return the line that names the champion, and its predecessor if it changed."""
    version = promotion.version
    before = f" (before: version {promotion.previous})" if promotion.moved and promotion.previous else ""
    return f"{name}: version {version.version} of '{version.name}' is the champion{before}."


def because(promotion: Promotion) -> tuple[str, ...]:
    """Return a line for each reason of a promotion."""
    forced = ("  forced    the gate rejected it; the ledger records this",) if promotion.forced else ()
    return *(f"  because   {reason}" for reason in promotion.reasons), *forced

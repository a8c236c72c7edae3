"""One family of errors and one way to word them: a line of cause, a line of advice."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from difflib import get_close_matches

DEBUG = "SPARK_JOBS_DEBUG"


class SparkJobsError(Exception):
    """Something the person at the terminal has to know: what went wrong and what to do about it."""

    status = "failed"
    exit_status = 1

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    @property
    def kind(self) -> str:
        """The error's name, as `--json` prints it."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.message}\n{self.advice}" if self.advice else self.message

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython and Jupyter show in place of the traceback: name, message, advice.

        If the environment variable `SPARK_JOBS_DEBUG` is set, return the whole traceback, with that of the cause.
        """
        if os.environ.get(DEBUG):
            return "".join(traceback.format_exception(self)).splitlines()
        return f"{self.kind}: {self}".splitlines()


class JobError(SparkJobsError):
    """A job started and could not finish."""


class BundleError(JobError):
    """A bundle, or a part of it, is not what was written."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "Do not use this bundle: take it from its registry again, or train anew.")


class SpecError(SparkJobsError):
    """The command line or the spec is wrong; seen without data, nothing was started."""

    status = "invalid"
    exit_status = 2


class DataError(SparkJobsError):
    """The data was inspected and refused."""

    status = "refused"
    exit_status = 3


class GateError(SparkJobsError):
    """The challenger did not pass the promotion gate and stays a challenger."""

    status = "rejected"
    exit_status = 4


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The valid name that looks most like the one given, or None where none is close.

    >>> nearest("tresholds", ["thresholds", "metrics"])
    'thresholds'
    """
    by_folded = {candidate.casefold(): candidate for candidate in names}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The advice for a name that is not there: the nearest one, or the list of them.

    >>> did_you_mean("fligt", ["flight", "carrier"])
    "Did you mean 'flight'?"
    """
    known = sorted(names)
    close = nearest(name, known)
    if close is not None:
        return f"Did you mean '{close}'?"
    return f"Available: {format_list(known, 15, quote=True)}." if known else ""


def format_list(items: Iterable[str], limit: int = 10, quote: bool = False) -> str:
    """Join texts by commas; of more than `limit`, list the first ones and count the others.

    >>> format_list(["day", "hour", "month"], 2, quote=True)
    "'day', 'hour' and 1 more"
    """
    found = [f"'{item}'" if quote else item for item in items]
    more = len(found) - limit
    return ", ".join(found[:limit]) + (f" and {more:,} more" if more > 0 else "")

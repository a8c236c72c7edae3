"""The result of one check of the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from spark_jobs.errors import SparkJobsError

State = Literal["good", "poor", "bad"]
_MARK = {"good": "ok  ", "poor": "note", "bad": "FAIL"}


@dataclass(frozen=True)
class Finding:
    """The result of one check; `advice` says how to fix it. A job cannot run where a finding is bad."""

    name: str
    state: State
    found: str
    advice: str = ""

    @property
    def is_bad(self) -> bool:
        """Return whether jobs cannot run."""
        return self.state == "bad"

    def line(self) -> str:
        """Return the finding as shown in the terminal."""
        return f"{_MARK[self.state]}  {self.name:<14} {self.found}" + (
            f"\n      {'':<14} {self.advice}" if self.advice else ""
        )

    def to_dict(self) -> dict[str, str]:
        """Return the finding as JSON values."""
        return asdict(self)


def run_check(name: str, check: Callable[[], Finding]) -> Finding:
    """Return the finding of a check; an error that it raises is a bad finding of this name."""
    try:
        return check()
    except SparkJobsError as error:
        return Finding(name, "bad", error.message, error.advice)
    except Exception as error:
        return Finding(name, "bad", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")

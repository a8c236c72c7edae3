"""The one line that tells why something failed, found in what Spark, the JVM or Python threw."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from spark_jobs import progress
from spark_jobs.errors import JobError, SparkJobsError

ADVICE = "Run it again with --debug to see the whole traceback."
# Words of the scheduler that only say that something failed.
EMPTY_WORDS = (
    "Job aborted",
    "Task failed",
    "Exception thrown in awaitResult",
    "Writing job aborted",
    "Task not serial",
)
LIMIT = 500
Part = TypeVar("Part")


def worded(error: BaseException) -> SparkJobsError:
    """The error itself where it is one of ours, else an error that says its cause in one line."""
    if isinstance(error, SparkJobsError):
        return error
    if isinstance(error, MemoryError):
        return JobError(
            "Python ran out of memory.", "Give the machine more memory, or set `memory` of the environment."
        )
    if isinstance(error, ConnectionRefusedError | ConnectionResetError) or type(error).__name__ == "Py4JNetworkError":
        return JobError(
            "Spark's Java process is gone: it was killed, or the machine ran out of memory.",
            "Run it again to go on; where it dies again, lower `memory` of the environment or take a larger machine.",
        )
    line = cause(str(error)) or "it gave no reason"
    if "OutOfMemoryError" in str(error):
        return JobError(f"Spark ran out of memory: {line}", "Raise `memory` in the environment's file (conf/env).")
    if isinstance(error, OSError) and error.strerror:
        return JobError(f"{error.strerror}: {error.filename}" if error.filename else error.strerror, ADVICE)
    if type(error).__module__.startswith(("pyspark", "py4j")):
        return JobError(f"Spark failed: {line}", ADVICE)
    return JobError(f"Something unexpected happened ({type(error).__name__}): {line}", ADVICE)


def optional(part: str, make: Callable[[], Part], otherwise: Part) -> Part:
    """Make a part that a result can do without: one that fails is left out with a warning that names it.

    Args:
        part: what it is, as the subject of a sentence.
        make: what makes it.
        otherwise: what stands in its place where that fails.
    """
    try:
        return make()
    except Exception as error:
        progress.warn(f"{part} is left out ({type(error).__name__}: {cause(str(error)) or 'no reason given'}).")
        return otherwise


def cause(text: str) -> str:
    """The most telling line of an error's text: the last cause of a JVM's trace, else the first that says something.

    >>> cause("An error occurred while calling o5.fit.\\n: org.apache.spark.SparkException: No rows.\\n\\tat x(Y)")
    'No rows.'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    told = [line.removeprefix(": ") for line in lines if not _is_noise(line)]
    for line in [*reversed(causes), *told]:
        stripped = _without_class(line)
        if stripped and not stripped.startswith(EMPTY_WORDS):
            return stripped[:LIMIT]
    return _without_class(told[0])[:LIMIT] if told else ""


def _is_noise(line: str) -> bool:
    return line.startswith(("at ", "Caused by: ", "An error occurred while calling", "Traceback", "File ", "..."))


def _without_class(line: str) -> str:
    """A JVM's message without the name of its class in front; a bare class keeps its own name."""
    found = re.match(r"(?:[a-z][\w$]*\.)+([A-Z][\w$]*)(?::\s*(.*))?$", line)
    if found is None:
        return line
    return found[2] or found[1]

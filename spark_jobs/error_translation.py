"""The one line that tells why something failed, found in what Spark, the JVM or Python threw."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from spark_jobs import progress
from spark_jobs.errors import JobError, SparkJobsError

# Words of the scheduler that only say that something failed.
EMPTY_WORDS = (
    "Job aborted",
    "Task failed",
    "Exception thrown in awaitResult",
    "Writing job aborted",
    "Task not serial",
)
LIMIT = 500
# What foreign errors say, and what to do about each; the first that is found counts.
_KNOWN: tuple[tuple[str, str], ...] = (
    ("No space left on device", "Free disk space below `root` and in the temporary folder, then run it again."),
    ("Permission denied", "Give this user the right to read and write there, or set another `root`."),
    ("Address already in use", "End the process that holds the port, or name another port."),
    (
        "Python worker exited unexpectedly",
        "A Python worker was killed, mostly for memory: lower the cores or add memory.",
    ),
    (
        "Python worker failed to connect back",
        "Let processes of this machine connect to 127.0.0.1; see `spark-jobs doctor`.",
    ),
    ("ClassNotFoundException", "A jar is missing: `spark-jobs doctor` says which and how to fetch it."),
    ("database is locked", "Another process writes to the MLflow database: wait for it, then run it again."),
    ("out-of-date database schema", "Run `mlflow db upgrade` with the tracking URI, after a backup."),
    ("FAILED_READ_FILE", "A source file is damaged, or changed while it was read: check it, then run it again."),
    ("CAST_INVALID_INPUT", "A value does not fit its column's type: declare the column in `columns.text`."),
    ("ARITHMETIC_OVERFLOW", "A value is too large for its type: declare the column in `columns.text` or leave it out."),
)
Part = TypeVar("Part")


def translate_error(error: BaseException) -> SparkJobsError:
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
    known = next((advice for words, advice in _KNOWN if words in str(error)), None)
    if "OutOfMemoryError" in str(error):
        return JobError(f"Spark ran out of memory: {line}", "Raise `memory` in the environment's file (conf/env).")
    advice = known or last_resort()
    if isinstance(error, OSError) and error.strerror:
        return JobError(f"{error.strerror}: {error.filename}" if error.filename else error.strerror, advice)
    when = f" in the phase '{progress.failed()}'" if progress.failed() else ""
    if type(error).__module__.startswith(("pyspark", "py4j")):
        return JobError(f"Spark failed{when}: {line}", advice)
    return JobError(f"Something unexpected happened{when} ({type(error).__name__}): {line}", advice)


def last_resort() -> str:
    """The advice for an error that nothing is known of: where to look."""
    log = f"Look into Spark's log, {progress.log()}; check" if progress.log() else "Check"
    return f"{log} the machine with `spark-jobs doctor`; run it again with --debug to see the whole traceback."


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

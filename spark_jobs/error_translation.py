"""Translation of exceptions from Spark, the JVM and Python into one-line errors with advice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from spark_jobs import progress
from spark_jobs.errors import DEBUG, JobError, SparkJobsError

# Messages of the scheduler that say only that something failed.
_NOISE = ("at ", "Caused by: ", "An error occurred while calling", "Traceback", "File ", "...")
EMPTY_WORDS = (
    "Job aborted",
    "Task failed",
    "Exception thrown in awaitResult",
    "Writing job aborted",
    "Task not serial",
)
LIMIT = 500
# Texts of foreign errors with the advice for each; the first match wins.
_KNOWN: tuple[tuple[str, str], ...] = (
    ("No space left on device", "Free disk space below `root` and in the temporary folder, then run it again."),
    ("Permission denied", "Give this user the right to read and write there, or set another `root`."),
    ("Not a directory", "A file is where a folder must be: move it away, or set another `root`."),
    ("Address already in use", "End the process that uses the port, or set another port."),
    (
        "Python worker exited unexpectedly",
        "A Python worker was killed, usually for lack of memory: use fewer cores or add memory.",
    ),
    (
        "Python worker failed to connect back",
        "Allow processes of this machine to connect to 127.0.0.1; see `spark-jobs doctor`.",
    ),
    ("ClassNotFoundException", "A jar is missing: `spark-jobs doctor` names it and shows how to fetch it."),
    ("database is locked", "Another process writes to the MLflow database: wait for it, then run it again."),
    ("out-of-date database schema", "Run `mlflow db upgrade` with the tracking URI, after a backup."),
    ("FAILED_READ_FILE", "A source file is corrupt, or changed while it was read: check it, then run again."),
    ("CAST_INVALID_INPUT", "A value does not fit its column's type: declare the column in `columns.text`."),
    ("ARITHMETIC_OVERFLOW", "A value is too large for its type: declare the column in `columns.text` or ignore it."),
)
Part = TypeVar("Part")


def translate_error(error: BaseException) -> SparkJobsError:
    """Return the error itself if it is a `SparkJobsError`, else one that states its cause in one line."""
    if isinstance(error, SparkJobsError):
        return error
    if isinstance(error, MemoryError):
        return JobError(
            "Python ran out of memory.", "Give the machine more memory, or set `memory` of the environment."
        )
    if isinstance(error, ConnectionRefusedError | ConnectionResetError) or type(error).__name__ == "Py4JNetworkError":
        return JobError(
            "Spark's Java process is gone: it was killed, or the machine ran out of memory.",
            "Run again to continue. If it fails again, lower `memory` of the environment or use a larger machine.",
        )
    line = cause(str(error)) or "no reason given"
    known = next((advice for words, advice in _KNOWN if words in str(error)), None)
    if "OutOfMemoryError" in str(error):
        return JobError(f"Spark ran out of memory: {line}", "Raise `memory` in the environment's file (conf/env).")
    advice = known or last_resort()
    if isinstance(error, OSError) and error.strerror:
        return JobError(f"{error.strerror}: {error.filename}" if error.filename else error.strerror, advice)
    when = f" in the phase '{progress.failed()}'" if progress.failed() else ""
    if type(error).__module__.startswith(("pyspark", "py4j")):
        return JobError(f"Spark failed{when}: {line}", advice)
    return JobError(f"Unexpected error{when} ({type(error).__name__}): {line}", advice)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise an error of Spark, MLflow or Python as a `SparkJobsError`, whose `__cause__` is the original error.

    Raises:
        SparkJobsError: the block raised an exception; an interruption is passed on.
    """
    try:
        yield
    except SparkJobsError:
        raise
    except Exception as error:
        raise translate_error(error) from error


def last_resort() -> str:
    """Return the advice for an unknown error: where to look."""
    log = f"Read Spark's log, {progress.log()}; check" if progress.log() else "Check"
    again = f"run again with --debug (in Python: {DEBUG}=1) to see the full traceback."
    return f"{log} the machine with `spark-jobs doctor`; {again}"


def optional(part: str, make: Callable[[], Part], otherwise: Part) -> Part:
    """Return a part of the result that is optional; if making it fails, warn and return `otherwise`.

    Args:
        part: the name of the part, as the subject of a sentence.
        make: makes the part.
        otherwise: the replacement if making it fails.
    """
    try:
        return make()
    except Exception as error:
        progress.warn(f"{part} is left out ({type(error).__name__}: {cause(str(error)) or 'no reason given'}).")
        return otherwise


def cause(text: str) -> str:
    """Return the most informative line of an error's text.

    That is the last cause of a JVM stack trace, else the first line that is not boilerplate.

    >>> cause("An error occurred while calling o5.fit.\\n: org.apache.spark.SparkException: No rows.\\n\\tat x(Y)")
    'No rows.'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    told = [line.removeprefix(": ") for line in lines if not line.startswith(_NOISE)]
    for line in [*reversed(causes), *told]:
        stripped = _without_class(line)
        if stripped and not stripped.startswith(EMPTY_WORDS):
            return stripped[:LIMIT]
    return _without_class(told[0])[:LIMIT] if told else ""


def _without_class(line: str) -> str:
    """Return a JVM message without the class name in front; a bare class name loses only its package."""
    found = re.match(r"(?:[a-z][\w$]*\.)+([A-Z][\w$]*)(?::\s*(.*))?$", line)
    if found is None:
        return line
    return found[2] or found[1]

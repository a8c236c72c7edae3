"""The command line: prints the result as text or JSON, errors as cause and advice, and returns an exit status."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
import traceback
import warnings
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO

from spark_jobs.cli.parser import job_of, parse_arguments
from spark_jobs.error_translation import translate_error
from spark_jobs.errors import DEBUG, SparkJobsError

if TYPE_CHECKING:
    from spark_jobs.results.result import Result

INTERRUPTED, TERMINATED = 130, 143


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status.

    Returns:
        0 done, 1 failed, 2 invalid command line or spec, 3 data refused, 4 rejected by the promotion gate, 130 stopped
        by Ctrl-C, 143 stopped by SIGTERM.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    signal.signal(signal.SIGTERM, _on_signal)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell's background jobs ignore it
        signal.signal(signal.SIGINT, _on_signal)
    with _own_stdout() as out:
        try:
            return _answer(words, out)
        except KeyboardInterrupt as interrupt:
            return _interrupted(words, out, interrupt)
        except BrokenPipeError:
            return 1


def _answer(words: Sequence[str], out: BinaryIO) -> int:
    as_json, debug = "--json" in words, "--debug" in words or bool(os.environ.get(DEBUG))
    started = time.monotonic()
    try:
        arguments = _parsed(words, out)
        if arguments is None:
            return 0
        result = _run(arguments)
        result = replace(result, seconds={**result.seconds, "total": round(time.monotonic() - started, 3)})
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except BaseException as error:
        if debug:
            traceback.print_exc()
        told = translate_error(error)
        _tell(told)
        _write_failure(words, out, told) if as_json else None
        return told.exit_status
    _write(out, _json(result.to_json()) if as_json else "".join(f"{line}\n" for line in result.summary))
    return 0


def _parsed(words: Sequence[str], out: BinaryIO) -> Namespace | None:
    """Parse the arguments; return None after printing help or the version."""
    from io import StringIO

    printed, stdout = StringIO(), sys.stdout
    sys.stdout = printed
    try:
        return parse_arguments(words)
    except SystemExit:
        _write(out, printed.getvalue())
        return None
    finally:
        sys.stdout = stdout


def _run(arguments: Namespace) -> Result:
    from spark_jobs import progress
    from spark_jobs.cli.launch import launch

    if getattr(arguments, "debug", False):
        os.environ.setdefault("SPARK_JOBS_LOG", "warn")
    else:
        warnings.simplefilter("ignore")
        logging.disable(logging.ERROR)  # failures are raised and translated; log lines would repeat them
    quiet = getattr(arguments, "quiet", False)
    with progress.show(False if quiet else None, notes=not quiet):
        result = launch(arguments)
        return replace(result, seconds={**progress.seconds(), **result.seconds})


def _tell(error: SparkJobsError) -> None:
    """Print an error's cause and, after `hint:`, its advice to standard error."""
    hint = f"\nhint: {error.advice}" if error.advice else ""
    print(f"{error.message}{hint}", file=sys.stderr, flush=True)  # noqa: T201 - this is the command line


def _write_failure(words: Sequence[str], out: BinaryIO, error: SparkJobsError) -> None:
    from spark_jobs.results.result import failure

    _write(out, _json(failure(job_of(words), error).to_json()))


def _interrupted(words: Sequence[str], out: BinaryIO, interrupt: KeyboardInterrupt) -> int:
    """Report the interruption and exit at once, without waiting for threads or a second Ctrl-C."""
    from spark_jobs.errors import JobError

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminated = isinstance(interrupt, _Terminated)
    error = JobError("Stopped by SIGTERM." if terminated else "Stopped by Ctrl-C.", "Run the command again to resume.")
    print(error.message, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line
    if "--json" in words:
        _write_failure(words, out, error)
    out.flush()
    os._exit(TERMINATED if terminated else INTERRUPTED)


def _on_signal(number: int, frame: FrameType | None) -> None:
    logging.disable(logging.CRITICAL)  # py4j logs a traceback for the interrupted call
    raise _Terminated if number == signal.SIGTERM else KeyboardInterrupt


@contextmanager
def _own_stdout() -> Iterator[BinaryIO]:
    """Reserve standard output for the result; redirect output of libraries and the JVM to standard error."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(saved), "wb") as out:
            yield out
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)


def _write(out: BinaryIO, text: str) -> None:
    out.write(text.encode("utf-8", "backslashreplace"))
    out.flush()


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"

"""Interruption of a command line by SIGINT or SIGTERM."""

from __future__ import annotations

import logging
import signal
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C."""


_received: list[KeyboardInterrupt] = []


def handle_signals() -> None:
    """Raise `KeyboardInterrupt` on SIGINT and `Terminated` on SIGTERM, and remember that it was raised."""
    _received.clear()
    signal.signal(signal.SIGTERM, _on_signal)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell's background jobs ignore it
        signal.signal(signal.SIGINT, _on_signal)


def check_interrupted() -> None:
    """Raise the interruption again if code that ran since then has swallowed it.

    Modules of pyspark import scipy under `except BaseException: pass`, so an interruption during the import is lost.

    Raises:
        KeyboardInterrupt: SIGINT or SIGTERM has arrived.
    """
    if _received:
        raise _received[0]


def _on_signal(number: int, frame: FrameType | None) -> None:
    logging.disable(logging.CRITICAL)  # py4j logs a traceback for the interrupted call
    _received.append(Terminated() if number == signal.SIGTERM else KeyboardInterrupt())
    raise _received[-1]

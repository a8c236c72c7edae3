"""Progress on the terminal, warnings, and the duration of each phase of a job."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from spark_jobs.formatting import format_duration

if TYPE_CHECKING:
    from rich.status import Status
    from rich.text import Text

_TICK = 0.5  # redraws the line at least every two seconds, even if ticks are late on a busy machine
_log = logging.getLogger(__name__)

Tasks = tuple[int, int, int]
"""The number of running stages, of their finished tasks, and of all their tasks."""


@dataclass(eq=False)
class _Phase:
    name: str
    start: float


@dataclass(frozen=True)
class _Cell:
    """The live line of a notebook's cell, where the carriage return is all that moves the cursor."""

    out: TextIO

    def update(self, text: Text) -> None:
        print(f"\r{' ' * 79}\r{text.plain[:79]}", end="", file=self.out, flush=True)

    def stop(self) -> None:
        print(f"\r{' ' * 79}\r", end="", file=self.out, flush=True)


@dataclass
class _Display:
    out: TextIO | None = None
    line: _Cell | Status | None = None
    notes: bool = True
    running: list[_Phase] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    log: Path | None = None
    warnings: list[str] = field(default_factory=list)
    tasks: Callable[[], Tasks | None] | None = None
    detail: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)


_display = _Display()


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Time a part of the work, and show its name while it runs."""
    this = _Phase(name, time.monotonic())
    with _display.lock:
        _display.running.append(this)
        _display.failed = ""
    done = False
    try:
        yield
        done = True
    finally:
        _end(this, done)


def seconds() -> dict[str, float]:
    """Return the seconds of each phase so far, in the order in which they first ended; repeated phases add up."""
    with _display.lock:
        return {name: round(spent, 3) for name, spent in _display.seconds.items()}


def failed() -> str:
    """Return the innermost phase that an error has just ended; an empty text if another phase began since."""
    with _display.lock:
        return _display.failed


def log_to(file: Path | None) -> None:
    """Set the file that receives Spark's log."""
    with _display.lock:
        _display.log = file


def log() -> Path | None:
    """Return the file that receives Spark's log, if it exists."""
    with _display.lock:
        return _display.log if _display.log is not None and _display.log.is_file() else None


def note(text: str) -> None:
    """Write a permanent line to standard error, above the live line if there is one."""
    with _display.lock:
        if not _display.notes:
            return
        _erase()
        print(text, file=_display.out or sys.stderr, flush=True)


def warn(text: str) -> None:
    """Store a warning for the job's result, and write it to standard error; repeated warnings are ignored."""
    with _display.lock:
        if text in _display.warnings:
            return
        _display.warnings.append(text)
    note(f"warning: {text}")


def warnings() -> tuple[str, ...]:
    """Return the warnings so far, each once."""
    with _display.lock:
        return tuple(_display.warnings)


def detail(text: str) -> None:
    """Show a detail next to the live phase, such as the rows so far, until the phase ends."""
    with _display.lock:
        _display.detail = text


def watch(tasks: Callable[[], Tasks | None] | None) -> None:
    """Set the function that reports Spark's running tasks; None removes it."""
    with _display.lock:
        _display.tasks = tasks


@contextmanager
def show(enabled: bool | None = None, notes: bool = True) -> Iterator[None]:
    """Reset times and warnings and, while the block runs, draw the live line on standard error or in a notebook's cell.

    Args:
        enabled: whether to draw; by default in a terminal or a notebook. Elsewhere each phase is one line of the logger
            `spark_jobs.progress`, at the level INFO.
        notes: whether `note` writes at all.
    """
    stop = threading.Event()
    with _display.lock:
        _display.seconds.clear()
        _display.warnings.clear()
        _display.failed = ""
        _display.notes = notes
        _display.out = _screen() if enabled is not False else None
    ticker = threading.Thread(target=_tick, args=(stop,), name="progress", daemon=True)
    if _display.out is not None:
        ticker.start()
    try:
        yield
    finally:
        stop.set()
        with _display.lock:
            _erase()
            _display.out, _display.notes = None, True


def _screen() -> TextIO | None:
    """Where the live line goes: a notebook's cell, or a terminal."""
    if type(sys.stdout).__module__.startswith("ipykernel."):
        return sys.stdout
    return sys.stderr if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" else None


def _new_line(out: TextIO) -> _Cell | Status:
    if out is sys.stdout:
        return _Cell(out)
    from rich.console import Console

    line = Console(file=out).status("", refresh_per_second=4)
    line.start()
    return line


def _end(this: _Phase, done: bool) -> None:
    spent = time.monotonic() - this.start
    with _display.lock:
        _display.running.remove(this)
        _display.failed = _display.failed if done else _display.failed or this.name
        _display.seconds[this.name] = _display.seconds.get(this.name, 0.0) + spent
        _display.detail = _display.detail if _display.running else ""
        _erase()
        if done and _display.out is None and not _display.running:
            _log.info("%s: %s", this.name, format_duration(spent))
        elif done and not _display.running:
            print(f"  {this.name:<24} {format_duration(spent)}", file=_display.out, flush=True)


def _tick(stop: threading.Event) -> None:
    while not stop.wait(_TICK):
        tasks = _tasks_now()
        with _display.lock:
            if not stop.is_set():
                _draw(tasks)


def _tasks_now() -> Tasks | None:
    # Called without the lock: it waits for another process, which may not answer if the session has just ended.
    ask = _display.tasks
    with suppress(Exception):
        return ask() if ask is not None and _display.running else None
    return None


def _draw(tasks: Tasks | None) -> None:
    if _display.out is None or not _display.running:
        return
    from rich.text import Text  # after half a second of a phase: `check` never waits for this import

    names = " > ".join(running.name for running in _display.running)
    line = f"{names} {format_duration(time.monotonic() - _display.running[-1].start)}"
    if _display.detail:
        line += f"  {_display.detail}"
    elif tasks is not None and tasks[2]:
        line += f"  Spark: {tasks[1]} of {tasks[2]} tasks"
    with suppress(OSError, ValueError):
        _display.line = _display.line or _new_line(_display.out)
        _display.line.update(Text(line))


def _erase() -> None:
    """Erase the live line; the next tick draws it again."""
    if _display.line is not None:
        with suppress(OSError, ValueError):
            _display.line.stop()
        _display.line = None

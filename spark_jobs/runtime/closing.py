"""Clean-up actions that run before a session closes."""

from __future__ import annotations

from collections.abc import Callable

_actions: list[Callable[[], None]] = []


def before_close(action: Callable[[], None]) -> None:
    """Register `action` to run before this process closes a session; a second registration has no effect."""
    if action not in _actions:
        _actions.append(action)


def clean_up() -> None:
    """Run the registered actions. They stay registered for the next session."""
    for action in _actions:
        action()

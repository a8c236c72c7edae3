"""What is cleaned up before a session closes."""

from __future__ import annotations

from collections.abc import Callable

_actions: list[Callable[[], None]] = []


def before_close(action: Callable[[], None]) -> None:
    """Run `action` before this process closes a session; an action that is registered twice runs once."""
    if action not in _actions:
        _actions.append(action)


def clean_up() -> None:
    """Run the registered actions; they stay registered for the next session."""
    for action in _actions:
        action()

"""A decision tree as a list of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of a tree, and what it says of each target."""

    worth: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """A question: is feature `feature` at most `at` (below it where `strict`), or one of `members`; yes is `left`.

    A missing value is a yes where `missing_left`.
    """

    feature: int
    left: int
    right: int
    at: float = 0.0
    strict: bool = False
    members: tuple[float, ...] | None = None
    missing_left: bool = False


Node = Leaf | Split
Tree = Sequence[Node]  # the root first; `left` and `right` are places in it

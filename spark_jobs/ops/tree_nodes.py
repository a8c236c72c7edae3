"""A decision tree as a list of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf with its value for each target."""

    value: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SplitNode:
    """An inner node: rows with feature `<= at` (`< at` if `strict`), or with a value in `members`, go `left`.

    Nulls go left if `missing_left`.
    """

    feature: int
    left: int
    right: int
    at: float = 0.0
    strict: bool = False
    members: tuple[float, ...] | None = None
    missing_left: bool = False


Node = Leaf | SplitNode
Tree = Sequence[Node]  # the root is first; `left` and `right` are indices

"""Class weights for labels that are not equally frequent."""

from __future__ import annotations

from collections.abc import Sequence


def balanced_weights(counts: Sequence[float]) -> list[float]:
    """Return the weight of a row of each class that gives every class the same total.

    The rule is n / (k · n_c), King and Zeng (2001), as scikit-learn's `class_weight="balanced"`. `counts` are rows,
    or sums of row weights, per class in label order; a class without rows counts for nothing and gets weight 1.

    >>> balanced_weights([90, 10])
    [0.5555555555555556, 5.0]
    """
    total = sum(counts)
    seen = sum(count > 0 for count in counts)
    return [total / (seen * count) if count > 0 else 1.0 for count in counts]

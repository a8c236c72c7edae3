"""What a fit inside one executor task gets and returns: arrays in memory, no Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ArrayRows:
    """Rows as arrays: `features` `[N, width]`, `label` `[N]` and `weight` `[N]`, or None for equal weights."""

    features: NDArray[np.float32]
    label: NDArray[np.float64]
    weight: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class TaskModel:
    """A model that was fitted in memory.

    Attributes:
        predict: Returns the values `[N]`, or for classes the probabilities `[N, K]`.
        settled: Options that the fit has found, such as the number of boosting rounds.
    """

    predict: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    settled: Mapping[str, int] = field(default_factory=dict)

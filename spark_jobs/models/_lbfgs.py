"""L-BFGS with the stopping rule of Spark's, for fits in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MEMORY = 20  # iterations, over which the loss must improve


def minimized(
    loss: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    first: NDArray[np.float64],
    max_iter: int,
    tol: float,
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
) -> NDArray[np.float64]:
    """Return the values at which a loss is smallest.

    The search stops when the loss no longer improves by `tol` of the first loss, as Spark's does. The rules of SciPy
    and scikit-learn stop elsewhere, and without a penalty that gives another model.

    Args:
        loss: Returns the loss and its gradient.
        first: The values to start from.
        max_iter: The largest number of iterations.
        tol: The tolerance.
        bounds: The bounds of each value, if there are any.

    >>> minimized(lambda x: (float((x - 3) @ (x - 3)), 2 * (x - 3)), np.zeros(1), 100, 1e-9).round(6)
    array([3.])
    """
    from scipy.optimize import minimize

    start = loss(first)[0]
    losses = deque([start], _MEMORY)

    def stop_when_converged(intermediate_result: Any) -> None:
        losses.append(float(intermediate_result.fun))
        if max(losses) - losses[-1] <= tol * start:
            raise StopIteration

    limits = {"maxiter": max_iter, "maxfun": 20 * max_iter, "gtol": 1e-8, "ftol": 0.0}
    found: NDArray[np.float64] = minimize(
        loss, first, jac=True, method="L-BFGS-B", bounds=bounds, callback=stop_when_converged, options=limits
    ).x
    return found

"""L-BFGS with Spark's stopping rule, for fits in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MEMORY = 20  # iterations over which the loss must improve


def minimize_loss(
    loss: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    initial: NDArray[np.float64],
    max_iter: int,
    tol: float,
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
) -> NDArray[np.float64]:
    """Return the values at which a loss is smallest.

    Iterations stop when the loss no longer improves by `tol` times the initial loss, as in Spark. SciPy and
    scikit-learn stop by other rules, which give another model if there is no penalty.

    Args:
        loss: Returns the loss and its gradient.
        initial: The values to start from.
        max_iter: The largest number of iterations.
        tol: The tolerance, as a fraction of the initial loss.
        bounds: The bounds of each value, if there are any.

    >>> minimize_loss(lambda x: (float((x - 3) @ (x - 3)), 2 * (x - 3)), np.zeros(1), 100, 1e-9).round(6)
    array([3.])
    """
    from scipy.optimize import minimize

    start = loss(initial)[0]
    losses = deque([start], _MEMORY)

    def stop_when_converged(intermediate_result: Any) -> None:
        losses.append(float(intermediate_result.fun))
        if max(losses) - losses[-1] <= tol * start:
            raise StopIteration

    limits = {"maxiter": max_iter, "maxfun": 20 * max_iter, "gtol": 1e-8, "ftol": 0.0}
    found: NDArray[np.float64] = minimize(
        loss, initial, jac=True, method="L-BFGS-B", bounds=bounds, callback=stop_when_converged, options=limits
    ).x
    return found

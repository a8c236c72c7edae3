"""One importance per slot of the feature vector, from a fitted model's public attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pyspark.ml import Model


def of_trees(model: Model) -> list[float]:
    """Return the fraction of the impurity reduction that each slot brought; the fractions sum to 1."""
    shares: list[float] = model.featureImportances.toArray().tolist()  # type: ignore[attr-defined]  # of tree models
    return shares


def of_coefficients(model: Model) -> list[float]:
    """Return the coefficient of each slot, or for more than two classes its Euclidean norm over the classes.

    Coefficients are comparable only if the features are scaled.
    """
    import numpy as np

    rows = _matrix(model)
    found: list[float] = (rows[0] if len(rows) == 1 else np.sqrt((rows**2).sum(axis=0))).tolist()
    return found


def _matrix(model: Model) -> NDArray[np.float64]:
    """Return the coefficients as (classes, slots); a binary or regression model has one row."""
    import numpy as np

    if hasattr(model, "models"):
        return np.vstack([_matrix(one) for one in model.models])
    if hasattr(model, "coefficientMatrix"):
        return np.asarray(model.coefficientMatrix.toArray())
    coefficients: Sequence[float] = model.coefficients.toArray()  # type: ignore[attr-defined]  # of linear models
    return np.asarray(coefficients)[None, :]

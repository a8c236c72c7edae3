"""The outputs of a model's graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_jobs.ops.arithmetic import all_of, as_column, both, hstack, is_finite

if TYPE_CHECKING:
    from spark_jobs.ops.dialect import Value


@dataclass(frozen=True)
class Output:
    """A value `[N]`, or a class index `[N]` with probabilities `[N, K]` or margins `[N, K]` or `[N]`.

    `taken` is whether the model accepts a row; Spark fails at rows that it does not.
    """

    value: Value | None = None
    class_index: Value | None = None
    probabilities: Value | None = None
    margin: Value | None = None
    flat_margin: bool = False
    taken: Value | None = None

    @property
    def valid(self) -> Value:
        """Whether the model accepts a row and all its outputs are finite, `[N]`."""
        return self._finite if self.taken is None else both(self._finite, self.taken)

    @property
    def _finite(self) -> Value:
        if self.value is not None:
            return is_finite(self.value)
        scores = self.probabilities if self.probabilities is not None else self.margin
        assert scores is not None
        return all_of(is_finite(hstack([as_column(scores) if self.flat_margin else scores])))

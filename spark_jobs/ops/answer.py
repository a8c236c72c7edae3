"""The outputs of a model's graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_jobs.ops.arithmetic import all_of, beside, both, is_finite, upright

if TYPE_CHECKING:
    from spark_jobs.ops.dialect import Value


@dataclass(frozen=True)
class Answer:
    """A number `[N]`, or a class index `[N]` with probabilities `[N, K]` or margins `[N, K]` or `[N]`.

    `shares` are the probabilities. `taken` is whether the model accepts a row; Spark fails at rows that it does not.
    """

    number: Value | None = None
    position: Value | None = None
    shares: Value | None = None
    margin: Value | None = None
    flat_margin: bool = False
    taken: Value | None = None

    @property
    def valid(self) -> Value:
        """Whether the model accepts a row and all its outputs are finite, `[N]`."""
        return self._finite if self.taken is None else both(self._finite, self.taken)

    @property
    def _finite(self) -> Value:
        if self.number is not None:
            return is_finite(self.number)
        scores = self.shares if self.shares is not None else self.margin
        assert scores is not None
        return all_of(is_finite(beside([upright(scores) if self.flat_margin else scores])))

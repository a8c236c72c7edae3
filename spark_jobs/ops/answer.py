"""What a model's graph says of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_jobs.ops.arithmetic import all_of, beside, both, is_finite, upright

if TYPE_CHECKING:
    from spark_jobs.ops.dialect import Value


@dataclass(frozen=True)
class Answer:
    """A number `[N]`; or the position of a class `[N]` with the shares of all, or with margins, `[N, K]` or `[N]`.

    `taken` says of which rows the model says anything: Spark stops at a row that its model does not take.
    """

    number: Value | None = None
    position: Value | None = None
    shares: Value | None = None
    margin: Value | None = None
    flat_margin: bool = False
    taken: Value | None = None

    @property
    def valid(self) -> Value:
        """Whether the model takes a row, and what is said of it are finite numbers."""
        return self._finite if self.taken is None else both(self._finite, self.taken)

    @property
    def _finite(self) -> Value:
        if self.number is not None:
            return is_finite(self.number)
        scores = self.shares if self.shares is not None else self.margin
        assert scores is not None
        return all_of(is_finite(beside([upright(scores) if self.flat_margin else scores])))

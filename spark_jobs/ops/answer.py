"""What a model's graph says of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_jobs.ops.arithmetic import all_of, beside, is_finite, upright

if TYPE_CHECKING:
    from spark_jobs.ops.dialect import Value


@dataclass(frozen=True)
class Answer:
    """A number `[N]`; or the position of a class `[N]` with the shares of all, or with margins, `[N, K]` or `[N]`."""

    number: Value | None = None
    position: Value | None = None
    shares: Value | None = None
    margin: Value | None = None
    flat_margin: bool = False

    @property
    def valid(self) -> Value:
        """Whether what is said of a row are finite numbers."""
        if self.number is not None:
            return is_finite(self.number)
        scores = self.shares if self.shares is not None else self.margin
        assert scores is not None
        return all_of(is_finite(beside([upright(scores) if self.flat_margin else scores])))

"""The sections `model` and `tune` of a spec: the algorithm, and the search for its settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from spark_jobs.spec import constants
from spark_jobs.spec.fields import SpecModel, Text

DEFAULT_TRIALS, DEFAULT_MINUTES = 20, 10.0


def _as_number(value: object) -> object:
    return float(value) if type(value) is int else value


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class Model(SpecModel):
    """The algorithm and its options; each algorithm's module defines its own options."""

    kind: str = Field(
        default=constants.DEFAULT_MODEL, description="The algorithm family; `auto` compares several and takes the best."
    )
    params: dict[str, Any] = Field(
        default_factory=dict, description="Options of the algorithm: Spark's names, or XGBoost's."
    )
    balance: bool = Field(default=False, description="Weight classes inversely to their frequency.")


class Tune(SpecModel):
    """How the algorithm's settings are searched for. The search compares all trials on the same folds."""

    trials: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None,
        description="The number of trials; default: as many as `minutes` allow, or 20 if that is not set either.",
    )
    minutes: Annotated[float, Field(gt=0, le=100_000), BeforeValidator(_as_number)] | None = Field(
        default=None,
        description="The time limit from the first trial to the decision; default: none, or 10 minutes if `trials` is "
        "not set either. The winner is fitted and evaluated afterwards.",
    )
    metric: Text | None = Field(
        default=None,
        description="The metric to optimize; default: the first of `evaluate.metrics`, else rmse, roc_auc (two classes)"
        " or log_loss.",
    )
    folds: Annotated[int, Field(ge=2, le=20)] = Field(
        default=3, description="The number of folds; for a split by time, each fold is later than its training rows."
    )
    engine: Literal["tpe", "random", "grid"] = Field(
        default="tpe",
        description="How settings are chosen: `tpe` tries published settings and then searches around the best, "
        "`random` draws them, `grid` tries all combinations of a few values each.",
    )
    space: dict[str, Any] = Field(
        default_factory=dict,
        description="Ranges to search: `option: {low: 0.01, high: 0.3, log: true}` or `option: [a, b]`, which replace "
        "the algorithm's own. With `model.kind: auto` the name starts with the algorithm, as in `xgboost.max_depth`.",
    )
    points: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_as_tuple)] = Field(
        default=(), description="Settings to try first, each a mapping of option to value; names as in `space`."
    )

    @property
    def limits(self) -> tuple[int | None, float | None]:
        """Return the limits on trials and on minutes; None for no limit."""
        if self.trials is None and self.minutes is None:
            return DEFAULT_TRIALS, DEFAULT_MINUTES
        return self.trials, self.minutes

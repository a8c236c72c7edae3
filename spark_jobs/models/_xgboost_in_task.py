"""XGBoost without Spark: one fit in memory, with early stopping on validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.models import ArrayRows, FitContext, TaskModel

if TYPE_CHECKING:
    import xgboost
    from numpy.typing import NDArray

OBJECTIVES = {"regression": "reg:squarederror", "binary": "binary:logistic", "multiclass": "multi:softprob"}
_LOSSES = {"regression": "rmse", "binary": "logloss", "multiclass": "mlogloss"}
# The metric to stop by, where XGBoost has the metric that is optimized.
_METRICS = {("binary", "roc_auc"): "auc", ("binary", "pr_auc"): "aucpr", ("regression", "mae"): "mae"}


def fit_in_task(
    options: Any, context: FitContext, training: ArrayRows, validation: ArrayRows, metric: str
) -> TaskModel:
    """Fit boosted trees until the validation metric has not improved for 10 + 0.3 × the best round."""
    import xgboost

    stop_by = _METRICS.get((context.task, metric), _LOSSES[context.task])
    given = options.model_dump(exclude={"n_estimators", "num_workers"})
    classes = {"num_class": context.classes} if context.task == "multiclass" else {}
    booster = xgboost.train(
        {
            **given,
            **classes,
            "objective": OBJECTIVES[context.task],
            "eval_metric": stop_by,
            "tree_method": "hist",
            "seed": context.seed,
            "nthread": 1,
            "verbosity": 0,
        },
        xgboost.QuantileDMatrix(training.features, training.label, weight=training.weight, max_bin=options.max_bin),
        options.n_estimators,
        evals=[(xgboost.DMatrix(validation.features, validation.label, weight=validation.weight), "validation")],
        callbacks=[_patience(stop_by)],
        verbose_eval=False,
    )
    best = int(booster.attr("best_iteration") or 0) + 1

    def predict(features: NDArray[np.float32]) -> NDArray[np.float64]:
        found = np.asarray(booster.inplace_predict(features, iteration_range=(0, best)), dtype=np.float64)
        return np.column_stack([1 - found, found]) if context.task == "binary" else found

    return TaskModel(predict, {"n_estimators": best})


def _patience(metric: str) -> xgboost.callback.TrainingCallback:
    """Return a callback whose patience grows with the best round, so that small learning rates are not cut off."""
    import xgboost

    rises = metric in ("auc", "aucpr")

    class Patience(xgboost.callback.TrainingCallback):
        best, score = 0, -np.inf

        def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
            value = evals_log["validation"][metric][-1]
            value = value if rises else -value
            if value > self.score:
                self.best, self.score = epoch, value
            return epoch - self.best > 10 + 0.3 * self.best

        def after_training(self, model: Any) -> Any:
            model.set_attr(best_iteration=str(self.best))
            return model

    return Patience()

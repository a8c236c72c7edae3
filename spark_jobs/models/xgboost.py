"""XGBoost, trained by `xgboost.spark`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from spark_jobs.errors import JobError
from spark_jobs.models import Algorithm, FitContext, NumberRange, Options, SearchSpace, Settings, TableShape
from spark_jobs.models._decision import two
from spark_jobs.models._xgboost_in_task import OBJECTIVES, fit_in_task
from spark_jobs.ops.arithmetic import as_column, hstack, sigmoid, softmax
from spark_jobs.ops.lookup import first_largest
from spark_jobs.ops.output import Output
from spark_jobs.ops.tree_nodes import Leaf, SplitNode, Tree
from spark_jobs.ops.trees import running_sum

if TYPE_CHECKING:
    from pyspark.ml import Estimator, Model

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector


class XgboostOptions(Options):
    """Options of XGBoost, under XGBoost's names."""

    n_estimators: int = Field(
        400,
        ge=1,
        le=100_000,
        description="Number of boosting rounds. A training without it finds the number by early stopping on inner "
        "folds. If a fold does not fit in the memory of a task, as many rows as fit are used.",
    )
    max_depth: int = Field(6, ge=1, le=30, description="Maximum number of splits from the root to a leaf.")
    learning_rate: float = Field(0.05, gt=0, le=1, description="Factor that shrinks the contribution of each tree.")
    max_bin: int = Field(256, ge=2, le=10_000, description="Maximum number of bins per feature.")
    subsample: float = Field(0.8, gt=0, le=1, description="Fraction of the rows that each tree is trained on.")
    colsample_bytree: float = Field(
        0.8, gt=0, le=1, description="Fraction of the features that each tree is trained on."
    )
    colsample_bylevel: float = Field(
        1.0, gt=0, le=1, description="Fraction of a tree's features that each of its levels is trained on."
    )
    min_child_weight: float = Field(
        1.0, ge=0, description="Minimum sum of second derivatives in a leaf; for regression, of row weights."
    )
    gamma: float = Field(0.0, ge=0, description="Minimum reduction of the loss for a split.")
    reg_lambda: float = Field(1.0, ge=0, description="Strength of the L2 penalty on the leaf values.")
    reg_alpha: float = Field(0.0, ge=0, description="Strength of the L1 penalty on the leaf values.")
    num_workers: int = Field(1, ge=1, le=1024, description="Number of Spark tasks that train together.")


def _arguments(options: XgboostOptions, context: FitContext) -> dict[str, Any]:
    """Return the arguments of both estimators.

    Vectors are trained as dense rows whatever their storage, and only NaN is missing: in sparse storage XGBoost would
    take a zero for a missing value. Rows are shuffled always: Spark's barrier mode refuses a coalesced or united frame.
    """
    return {
        "features_col": "features",
        "label_col": "label",
        **({"weight_col": "weight"} if context.weight else {}),
        "n_estimators": options.n_estimators,
        "max_depth": options.max_depth,
        "learning_rate": options.learning_rate,
        "max_bin": options.max_bin,
        "subsample": options.subsample,
        "colsample_bytree": options.colsample_bytree,
        "colsample_bylevel": options.colsample_bylevel,
        "min_child_weight": options.min_child_weight,
        "gamma": options.gamma,
        "reg_lambda": options.reg_lambda,
        "reg_alpha": options.reg_alpha,
        "num_workers": options.num_workers,
        "force_repartition": True,
        "missing": float("nan"),
        "enable_sparse_data_optim": False,
        "tree_method": "hist",
        "device": "cpu",
        "random_state": context.seed,
        "verbosity": 0,
        "verbose": False,
    }


def _silence() -> None:
    """Hide XGBoost's info messages; warnings are still shown."""
    for name in ("XGBoost-PySpark", "XGBoostPySpark", "SparkXGBRegressor", "SparkXGBClassifier"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _regression(options: XgboostOptions, context: FitContext) -> Estimator[Any]:
    from xgboost.spark import SparkXGBRegressor

    _silence()
    estimator: Estimator[Any] = SparkXGBRegressor(**_arguments(options, context))
    return estimator


def _classes(options: XgboostOptions, context: FitContext) -> Estimator[Any]:
    from xgboost.spark import SparkXGBClassifier

    _silence()
    estimator: Estimator[Any] = SparkXGBClassifier(**_arguments(options, context))
    return estimator


def _importances(model: Model) -> list[float]:
    """Return the fraction of the loss reduction that each slot brought; the fractions sum to 1."""
    booster = model.get_booster()  # type: ignore[attr-defined]  # of xgboost.spark's models
    gains: dict[str, float] = booster.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    return [gains.get(f"f{slot}", 0.0) / total for slot in range(booster.num_features())]


def _graph(stage: Stage, features: Vector, classes: int) -> Output:
    stage.expect(missing=float("nan"), enable_sparse_data_optim=False, iteration_range=None, base_margin_col=None)
    learner = json.loads(stage.text("model"))["learner"]
    booster, several = learner["gradient_booster"], classes > 2
    if booster["name"] != "gbtree":
        raise JobError(f"XGBoost's booster {booster['name']!r} has no graph.", "Train with the default booster.")
    wanted = OBJECTIVES["multiclass" if several else "binary" if classes else "regression"]
    if learner["objective"]["name"] != wanted:
        message = f"XGBoost's objective {learner['objective']['name']!r} has no graph for {classes} classes."
        raise JobError(message, f"Train with the default objective, {wanted}.")
    stage.expect_classes(int(learner["learner_model_param"]["num_class"]), classes if several else 0)
    dense = features.dense()
    sums = [running_sum(dense, trees, start) for trees, start in _by_target(learner, classes)]
    if not classes:
        return Output(value=sums[0])
    shares = softmax(hstack([as_column(one) for one in sums])) if several else two(sigmoid(sums[0]))
    return Output(class_index=first_largest(shares), probabilities=shares)


def _by_target(learner: Mapping[str, Any], classes: int) -> list[tuple[list[Tree], float]]:
    """Return the trees and base score of each sum; XGBoost stores the base score of two classes as a probability."""
    model, stored = learner["gradient_booster"]["model"], json.loads(learner["learner_model_param"]["base_score"])
    starts = np.atleast_1d(np.array(stored, dtype=np.float32))
    if classes == 2:
        with np.errstate(divide="ignore"):  # the odds of a share of 0 or 1
            starts = -np.log(np.float32(1) / starts - np.float32(1))
    grown = list(zip(model["trees"], model["tree_info"], strict=True))
    return [([_tree(one) for one, of in grown if of == target], start) for target, start in enumerate(starts.tolist())]


def _tree(stored: Mapping[str, Any]) -> Tree:
    if any(stored["split_type"]):
        raise JobError("XGBoost's own splits of categories have no graph.", "Train with numbers or encoded categories.")
    at = np.array(stored["split_conditions"], dtype=np.float32).astype(np.float64)
    columns = zip(stored["left_children"], stored["right_children"], stored["split_indices"], at.tolist(),
                  stored["default_left"], strict=True)  # fmt: skip
    return [
        Leaf((value,)) if left < 0 else SplitNode(feature, left, right, value, strict=True, missing_left=bool(missing))
        for left, right, feature, value, missing in columns
    ]


# Tuned defaults of Holzmüller et al., "Better by default" (2024), for classes and for a number.
_TUNED_CLASSES = {
    "learning_rate": 0.08,
    "max_depth": 6,
    "min_child_weight": 5e-6,
    "reg_lambda": 0.0,
    "subsample": 0.65,
    "colsample_bytree": 1.0,
    "colsample_bylevel": 0.9,
}
_TUNED_NUMBER = {
    "learning_rate": 0.05,
    "max_depth": 9,
    "min_child_weight": 2.0,
    "reg_lambda": 0.0,
    "subsample": 0.7,
    "colsample_bytree": 1.0,
    "colsample_bylevel": 1.0,
}
# AutoGluon's portfolio of 2023: colsample_bytree, learning_rate, max_depth, min_child_weight.
_PORTFOLIO = (
    (0.692, 0.0181, 10, 0.603),
    (0.751, 0.00997, 4, 0.924),
    (0.663, 0.0878, 5, 0.629),
    (0.909, 0.0929, 7, 0.804),
    (0.517, 0.00716, 9, 0.857),
    (0.745, 0.0384, 7, 0.556),
    (0.976, 0.0663, 5, 1.409),
)
_SMALL = 5_000  # rows, below which shallow trees come first


def _portfolio(shape: TableShape) -> list[Settings]:
    """Return the tuned defaults, then the published settings; shallow trees come first for few rows."""
    names = ("colsample_bytree", "learning_rate", "max_depth", "min_child_weight")
    published = [dict(zip(names, values, strict=True)) for values in _PORTFOLIO]
    if shape.rows < _SMALL:
        published.sort(key=lambda settings: settings["max_depth"])
    tuned = _TUNED_NUMBER if shape.task == "regression" else _TUNED_CLASSES
    return [tuned, *published]


_SEARCH = SearchSpace(
    parameters={
        "learning_rate": NumberRange(0.005, 0.3, log=True),
        "max_depth": NumberRange(3, 12, whole=True),
        "min_child_weight": NumberRange(1e-3, 20, log=True),
        "subsample": NumberRange(0.5, 1.0),
        "colsample_bytree": NumberRange(0.4, 1.0),
        "colsample_bylevel": NumberRange(0.5, 1.0),
        "reg_lambda": NumberRange(1e-3, 100, log=True),
    },
    encodings=True,
    class_weights=True,
    portfolio=_portfolio,
    order=0,
    settled={"n_estimators": 3000},
)

ALGORITHM = Algorithm(
    title="XGBoost",
    options=XgboostOptions,
    estimators={"regression": _regression, "binary": _classes, "multiclass": _classes},
    categories="indices",
    numbers="any",
    importances=_importances,
    requires_classic=True,
    package="xgboost",
    tolerance=1e-5,  # it computes in single precision
    extra="boost",
    saved=("SparkXGBRegressorModel", "SparkXGBClassifierModel"),
    graph=_graph,
    search=_SEARCH,
    fit_in_task=fit_in_task,
)

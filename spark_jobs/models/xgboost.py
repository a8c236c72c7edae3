"""XGBoost, trained by `xgboost.spark`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydantic import Field

from spark_jobs.models import Algorithm, Options, Shape

if TYPE_CHECKING:
    from pyspark.ml import Estimator, Model


class XgboostOptions(Options):
    """Options of XGBoost."""

    trees: int = Field(400, ge=1, le=100_000, description="Rounds of boosting.")
    max_depth: int = Field(6, ge=1, le=30, description="Splits from the root to a leaf at most.")
    learning_rate: float = Field(0.05, gt=0, le=1, description="How much of each tree is taken.")
    bins: int = Field(256, ge=2, le=10_000, description="Thresholds tried per number.")
    subsample: float = Field(0.8, gt=0, le=1, description="Rows drawn for each tree, as a share of all.")
    features_per_tree: float = Field(0.8, gt=0, le=1, description="Features drawn for each tree, as a share of all.")
    min_weight: float = Field(1.0, ge=0, description="Sum of second derivatives in a leaf at least; rows for a number.")
    min_gain: float = Field(0.0, ge=0, description="Loss that a split must take away at least.")
    regularization: float = Field(1.0, ge=0, description="Weight of the penalty on squared leaf values.")
    l1: float = Field(0.0, ge=0, description="Weight of the penalty on absolute leaf values.")
    workers: int = Field(1, ge=1, le=1024, description="Spark tasks that train together, all at once.")


def _arguments(options: XgboostOptions, shape: Shape) -> dict[str, Any]:
    """The arguments of both estimators.

    Vectors are trained as dense rows whatever their storage, and only NaN is missing: in sparse storage XGBoost would
    take a zero for a missing value. Rows are shuffled always: Spark's barrier mode refuses a coalesced or united frame.
    """
    return {
        "features_col": "features",
        "label_col": "label",
        **({"weight_col": "weight"} if shape.weight else {}),
        "n_estimators": options.trees,
        "max_depth": options.max_depth,
        "learning_rate": options.learning_rate,
        "max_bin": options.bins,
        "subsample": options.subsample,
        "colsample_bytree": options.features_per_tree,
        "min_child_weight": options.min_weight,
        "gamma": options.min_gain,
        "reg_lambda": options.regularization,
        "reg_alpha": options.l1,
        "num_workers": options.workers,
        "force_repartition": True,
        "missing": float("nan"),
        "enable_sparse_data_optim": False,
        "tree_method": "hist",
        "device": "cpu",
        "random_state": shape.seed,
        "verbosity": 0,
        "verbose": False,
    }


def _silence() -> None:
    """Keep the training's own notes off the terminal; warnings still come through."""
    for name in ("XGBoost-PySpark", "XGBoostPySpark", "SparkXGBRegressor", "SparkXGBClassifier"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _regression(options: XgboostOptions, shape: Shape) -> Estimator[Any]:
    from xgboost.spark import SparkXGBRegressor

    _silence()
    estimator: Estimator[Any] = SparkXGBRegressor(**_arguments(options, shape))
    return estimator


def _classes(options: XgboostOptions, shape: Shape) -> Estimator[Any]:
    from xgboost.spark import SparkXGBClassifier

    _silence()
    estimator: Estimator[Any] = SparkXGBClassifier(**_arguments(options, shape))
    return estimator


def _importances(model: Model) -> list[float]:
    """The share of each slot in the loss that all splits took away; the shares add up to 1."""
    booster = model.get_booster()  # type: ignore[attr-defined]  # of xgboost.spark's models
    gains: dict[str, float] = booster.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    return [gains.get(f"f{slot}", 0.0) / total for slot in range(booster.num_features())]


ALGORITHM = Algorithm(
    title="XGBoost",
    options=XgboostOptions,
    estimators={"regression": _regression, "binary": _classes, "multiclass": _classes},
    categories="label",
    scaled=False,
    importances=_importances,
    requires_classic=True,
    package="xgboost",
    extra="boost",
)

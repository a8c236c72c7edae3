"""Fit a pipeline from training rows, their profile and a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from pyspark.ml import Model, PipelineModel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.names import quoted
from spark_jobs.features import MISSING, find_encoder
from spark_jobs.features.cast import category_scan_sql
from spark_jobs.features.level_means import FOLDS
from spark_jobs.models import FitContext, balanced_weights, estimator, find, partitions
from spark_jobs.pipeline.feature_pipeline import FeaturePipeline, fit_features
from spark_jobs.pipeline.level_encodings import Folds
from spark_jobs.plan import Plan
from spark_jobs.profile.batch import ScanOptions
from spark_jobs.profile.profile import Profile
from spark_jobs.profile.scan import scan_parts
from spark_jobs.training.caching import persisted
from spark_jobs.training.labels import metadata
from spark_jobs.training.staging import HASH, LABEL, WEIGHT


@dataclass(frozen=True)
class Trained:
    """A fitted pipeline, with the importance of each slot of its feature vector if the model has importances."""

    pipeline: PipelineModel
    importances: tuple[tuple[str, float], ...]


def learned_features(rows: DataFrame, plan: Plan, profile: Profile) -> FeaturePipeline:
    """Fit the plan's stages up to the feature vector on training rows from `staging.staged_rows`."""
    return fit_features(rows.sparkSession, plan, profile, _folds(rows, plan))


def fit(
    rows: DataFrame,
    plan: Plan,
    profile: Profile,
    class_rows: Mapping[int, int],
    features: FeaturePipeline | None = None,
) -> Trained:
    """Fit the plan's stages and its model.

    Args:
        rows: the training rows, as `staging.staged_rows` gives them.
        class_rows: training rows by class index.
        features: the fitted feature stages; by default they are fitted here.
    """
    features = features or learned_features(rows, plan, profile)
    algorithm = find(plan.model)
    context = fit_context(plan, profile, features.width)
    frame = training_frame(rows, plan, features, class_rows)
    model = fit_model(plan.model, plan.params, context, frame)
    found = algorithm.importances(model) if algorithm.importances else ()
    return Trained(PipelineModel([*features.stages, model]), tuple(zip(features.slots, found, strict=False)))


def fit_model(kind: str, params: Mapping[str, Any], context: FitContext, frame: DataFrame) -> Model:
    """Fit an algorithm's Spark estimator.

    Args:
        kind: the algorithm.
        params: its options.
        frame: `features`, `label` and, if rows have different weights, `weight`.
    """
    learner, few = estimator(kind, params, context), partitions(kind, context.rows)
    with persisted(frame) if context.task in find(kind).iterative else nullcontext(frame) as given:
        model: Model = learner.fit(given.coalesce(few) if few else given)
    return model


def fit_context(plan: Plan, profile: Profile, width: int) -> FitContext:
    """Return what an estimator knows about the training rows and the width of the feature vector."""
    return FitContext(
        task=plan.problem.task,
        classes=plan.problem.classes,
        width=width,
        arity=max((len(one.levels) for one in plan.categories if find_encoder(one.encode).keeps_indices), default=0),
        rows=profile.rows,
        weight=_weighs(plan),
        label_std=_label_std(plan, profile),
        seed=plan.seed % 2**31,
    )


def training_frame(rows: DataFrame, plan: Plan, features: FeaturePipeline, class_rows: Mapping[int, int]) -> DataFrame:
    """Return `features`, `label` and, if rows have different weights, `weight` of the training rows."""
    label = F.col(f"_row.{quoted(LABEL)}")
    columns = [F.col("features"), label.alias("label", metadata=metadata(plan.problem))]
    if _weighs(plan):
        columns.append((F.col(f"_row.{quoted(WEIGHT)}") * _class_weight(plan, label, class_rows)).alias("weight"))
    return features.transform(rows, training=True).select(*columns)


def _label_std(plan: Plan, profile: Profile) -> float:
    target = profile.columns.get(plan.problem.target)
    return (target.numbers.std if target is not None and target.numbers is not None else 0.0) or 1.0


def _weighs(plan: Plan) -> bool:
    return plan.weight is not None or plan.balance


def _folds(rows: DataFrame, plan: Plan) -> Folds | None:
    """Return the statistics of each fold for encodings that learn from the target; None without such encodings."""
    encoded = [one for one in plan.categories if find_encoder(one.encode).supervised]
    if not encoded:
        return None
    in_fold = f"CAST(pmod(xxhash64({{}}, {plan.seed + 1}L), {FOLDS}L) AS INT)"
    sql = {one.title: category_scan_sql(plan.type_of(one.column), one.part, plan.timezone) for one in encoded}
    columns = {title: ("string", F.expr(text)) for title, text in sql.items()}
    classes = plan.problem.classes if plan.problem.targets > 1 else 0
    depth = ScanOptions(distinct=False, missing_level=MISSING)
    profiles = scan_parts(rows, columns, F.expr(in_fold.format(quoted(HASH))), F.col(LABEL), classes, depth)
    return Folds(in_fold.format(f"_row.{quoted(HASH)}"), profiles)


def _class_weight(plan: Plan, label: Column, class_rows: Mapping[int, int]) -> Column:
    if not plan.balance or not plan.problem.labels:
        return F.lit(1.0)
    return weight_of_class(label, class_weights(plan.problem.classes, class_rows))


def class_weights(classes: int, class_rows: Mapping[int, int]) -> list[float]:
    """Return the weight that balances each class, by index; `class_rows` counts the training rows by class index."""
    return balanced_weights([class_rows.get(index, 0) for index in range(classes)])


def weight_of_class(label: Column, weights: Sequence[float]) -> Column:
    """Return the weight of each row's class; `label` is the class index."""
    return F.element_at(F.array(*[F.lit(weight) for weight in weights]), label.cast("int") + 1)

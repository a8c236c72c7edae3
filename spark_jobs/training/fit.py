"""Training rows, profile and plan → a fitted pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

from pyspark.ml import PipelineModel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.data.names import quoted
from spark_jobs.features import MISSING, CategoryInput, find_encoder
from spark_jobs.features.cast import category_scan_sql
from spark_jobs.features.encoders.target import FOLDS
from spark_jobs.fitted import Features, fit_features
from spark_jobs.models import Shape, balanced_weights, estimator, find
from spark_jobs.plan import Plan
from spark_jobs.profile.batch import Depth
from spark_jobs.profile.profile import Profile
from spark_jobs.profile.scan import scan_parts
from spark_jobs.training.labels import metadata
from spark_jobs.training.staging import HASH, LABEL, WEIGHT


@dataclass(frozen=True)
class Trained:
    """The fitted pipeline, and the importance of each place of its feature vector where the model has any."""

    pipeline: PipelineModel
    importances: tuple[tuple[str, float], ...]


def fit(rows: DataFrame, plan: Plan, profile: Profile, class_rows: Mapping[int, int]) -> Trained:
    """Fit the plan's stages and its model on training rows as `staging.staged_rows` gives them."""
    features = fit_features(rows.sparkSession, plan, profile)
    algorithm = find(plan.model)
    weighted = plan.weight is not None or plan.balance
    shape = Shape(
        task=plan.problem.task,
        classes=plan.problem.classes,
        width=features.width,
        arity=max((len(one.levels) for one in plan.categories if find_encoder(one.encode).nominal), default=0),
        rows=profile.rows,
        weight=weighted,
        seed=plan.seed % 2**31,
    )
    model = estimator(plan.model, plan.params, shape).fit(training_frame(rows, plan, profile, features, class_rows))
    found = algorithm.importances(model) if algorithm.importances else ()
    return Trained(PipelineModel([*features.stages, model]), tuple(zip(features.slots, found, strict=False)))


def training_frame(
    rows: DataFrame, plan: Plan, profile: Profile, features: Features, class_rows: Mapping[int, int]
) -> DataFrame:
    """`features`, `label` and, where rows weigh differently, `weight` of the training rows."""
    vectors = _transformed(rows, plan, profile, features)
    label = F.col(f"_row.{quoted(LABEL)}")
    columns = [F.col("features"), label.alias("label", metadata=metadata(plan.problem))]
    if plan.weight is not None or plan.balance:
        columns.append((F.col(f"_row.{quoted(WEIGHT)}") * _class_weight(plan, label, class_rows)).alias("weight"))
    return vectors.select(*columns)


def _transformed(rows: DataFrame, plan: Plan, profile: Profile, features: Features) -> DataFrame:
    """Vectors of all rows; where targets are encoded, each fold's by what the other folds say."""
    if not any(find_encoder(one.encode).supervised for one in plan.categories):
        return features.transform(rows)
    fold = F.pmod(F.xxhash64(F.col(HASH), F.lit(plan.seed + 1)), F.lit(FOLDS)).cast("int")
    profiles = _fold_profiles(rows, plan, fold)
    parts = []
    for number in profiles:
        others = [each for other, each in profiles.items() if other != number] or [profiles[number]]
        stages = fit_features(rows.sparkSession, plan, profile, reduce(add, others))
        parts.append(stages.transform(rows.where(fold == number)))
    return reduce(DataFrame.unionByName, parts)


def _fold_profiles(rows: DataFrame, plan: Plan, fold: Column) -> dict[int, Profile]:
    encoded = [one for one in plan.categories if find_encoder(one.encode).supervised]
    columns = {one.title: ("string", F.expr(_sql(plan, one))) for one in encoded}
    classes = plan.problem.classes if plan.problem.targets > 1 else 0
    depth = Depth(distinct=False, missing_level=MISSING)
    return scan_parts(rows, columns, fold, F.col(LABEL), classes, depth)


def _sql(plan: Plan, one: CategoryInput) -> str:
    return category_scan_sql(plan.type_of(one.column), one.part, plan.timezone)


def _class_weight(plan: Plan, label: Column, class_rows: Mapping[int, int]) -> Column:
    if not plan.balance or not plan.problem.labels:
        return F.lit(1.0)
    present = [index for index in range(plan.problem.classes) if class_rows.get(index)]
    weights = dict(zip(present, balanced_weights([class_rows[index] for index in present]), strict=True))
    table = F.array(*[F.lit(weights.get(index, 1.0)) for index in range(plan.problem.classes)])
    return F.element_at(table, label.cast("int") + 1)

"""Fitting of Spark ML stages from a plan and a profile, and predictions of fitted pipelines.

Each stage is a standard Spark stage, fitted on a synopsis: a few rows from which the estimator computes exactly the
profile's statistics. Fitting reads no row of the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
from pyspark.ml import PipelineModel, Transformer
from pyspark.ml.feature import Imputer, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.features import (
    NONE,
    CategoryInput,
    NumberInput,
    encoder_groups,
    find_encoder,
    find_scaler,
    find_step,
    step_groups,
)
from spark_jobs.features.cast import cast_stage, flag_name
from spark_jobs.features.index import index_stages
from spark_jobs.features.synopsis import synopsis
from spark_jobs.pipeline.level_encodings import (
    Folds,
    LevelEncodings,
    encodings_by_fold,
    level_encodings,
    level_smoothings,
)
from spark_jobs.plan import Plan
from spark_jobs.plan.learning_task import LearningTask
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import Profile


@dataclass(frozen=True)
class FeaturePipeline:
    """The fitted stages from raw columns to the vector `features`, and the names of its slots.

    `training` are the stages for training rows. They differ from `stages` only in supervised encodings, which use the
    other folds for rare levels.
    """

    stages: tuple[Transformer, ...]
    slots: tuple[str, ...]
    training: tuple[Transformer, ...]

    @property
    def width(self) -> int:
        """The length of the feature vector."""
        return len(self.slots)

    def transform(self, rows: DataFrame, training: bool = False) -> DataFrame:
        """Transform rows to `_row` and `features`; `training` selects the stages for training rows."""
        return PipelineModel(list(self.training if training else self.stages)).transform(rows)


def fit_features(spark: SparkSession, plan: Plan, profile: Profile, folds: Folds | None = None) -> FeaturePipeline:
    """Fit the feature stages of a plan.

    Args:
        folds: The folds' profiles; with them, supervised encodings of training rows are those of `training_encodings`.
    """
    smoothings = level_smoothings(plan, profile)
    encodings = level_encodings(plan, profile, smoothings)
    by_fold = encodings_by_fold(plan, profile, encodings, folds, smoothings) if folds else {}
    types = {kind.name: kind for kind in plan.types}
    stepped, numbers = _stepped(spark, plan.numbers, profile)
    positioned = [one for one in plan.categories if find_encoder(one.encode).positions]
    with ThreadPoolExecutor(3, "fitting") as pool:  # small Spark jobs, which mostly wait
        imputing = pool.submit(_impute, spark, plan.numbers)
        indexing = pool.submit(index_stages, spark, positioned)
        scaling = pool.submit(_scaled, spark, plan, profile, numbers, encodings)
        encoded, training, outputs, slots = _encoded(spark, plan, encodings, folds, by_fold)
    first = [cast_stage(plan.inputs, types, plan.timezone), *imputing.result(), *stepped, *indexing.result()]
    scaled, scaled_outputs, scaled_slots = scaling.result()
    flags = [one for one in plan.inputs if one.indicator]
    columns = [*scaled_outputs, *(flag_name(one.slot) for one in flags), *outputs]
    names = (*scaled_slots, *(f"{one.title} is missing" for one in flags), *slots)
    last = [*scaled, VectorAssembler(inputCols=columns, outputCol="features")]
    return FeaturePipeline((*first, *encoded, *last), names, (*first, *training, *last))


def _encoded(
    spark: SparkSession,
    plan: Plan,
    encodings: LevelEncodings,
    folds: Folds | None,
    by_fold: Mapping[str, list[npt.NDArray[np.float64]]],
) -> tuple[list[Transformer], list[Transformer], list[str], list[str]]:
    """Return the encoders' stages, their stages for training rows, and the columns and slots without scaling."""
    stages: list[Transformer] = []
    training: list[Transformer] = []
    outputs: list[str] = []
    slots: list[str] = []
    for kind, group in encoder_groups(plan.categories).items():
        encoder = find_encoder(kind)
        made = encoder.stages(spark, group, [encodings[one.slot] for one in group if encoder.supervised])
        stages += made
        if encoder.folded is not None and folds is not None:
            training += encoder.folded(spark, group, [by_fold[one.slot] for one in group], folds.sql)
        else:
            training += made
        columns = encoder.unscaled_outputs(group, plan.problem.targets)
        outputs += columns
        slots += chain.from_iterable(columns.values())
    return stages, training, outputs, slots


def _impute(spark: SparkSession, inputs: Sequence[NumberInput]) -> list[Transformer]:
    if not inputs:
        return []
    slots = [one.slot for one in inputs]
    imputer = Imputer(inputCols=slots, outputCols=[one.columns[0] for one in inputs], strategy="mean")
    return [imputer.fit(synopsis(spark, {one.slot: [one.fill] for one in inputs}))]


def _stepped(
    spark: SparkSession, inputs: Sequence[NumberInput], profile: Profile
) -> tuple[list[Transformer], dict[str, NumberSummary]]:
    """Return the stages between imputation and scaling, and the summary of each number after them, by slot."""
    summaries = {one.slot: _imputed(one, profile) for one in inputs}
    stages: list[Transformer] = []
    for group in step_groups(inputs):
        step, slots = find_step(group.role, group.kind), [one.slot for one in group.inputs]
        stages += step.stages(spark, group.sources, group.outputs, [summaries[slot] for slot in slots])
        summaries |= {slot: step.summary(summaries[slot]) for slot in slots}
    return stages, summaries


def _imputed(one: NumberInput, profile: Profile) -> NumberSummary:
    column = profile[one.title]
    numbers = column.cleaned or column.numbers or NumberSummary.of(np.array([], dtype=np.float64))
    filled = numbers.filled(column.rows - numbers.count, one.fill + one.shift)
    return filled.shifted(one.shift) if one.shift else filled


@dataclass(frozen=True)
class _Dense:
    """A numeric column of the feature vector, before scaling."""

    column: str
    slot: str
    scale: str
    summary: NumberSummary


def _scaled(
    spark: SparkSession,
    plan: Plan,
    profile: Profile,
    numbers: Mapping[str, NumberSummary],
    encodings: LevelEncodings,
) -> tuple[list[Transformer], list[str], list[str]]:
    dense = [_Dense(one.columns[-1], one.title, one.scale, numbers[one.slot]) for one in plan.numbers]
    for one in plan.categories:
        dense += _encoding_columns(one, plan.problem, profile, encodings)
    groups: dict[str, list[_Dense]] = defaultdict(list)
    for column in dense:
        groups[column.scale].append(column)
    stages: list[Transformer] = []
    outputs: list[str] = []
    for kind, columns in groups.items():
        stages += _scale_stages(spark, kind, columns)
        outputs += [column.column for column in columns] if kind == NONE else [f"scaled_{kind}"]
    return stages, outputs, [column.slot for columns in groups.values() for column in columns]


def _encoding_columns(
    one: CategoryInput, problem: LearningTask, profile: Profile, encodings: LevelEncodings
) -> list[_Dense]:
    encoder = find_encoder(one.encode)
    levels = profile[one.title].levels
    if not encoder.supervised or levels is None:
        return []
    rows = np.array([levels.table[level][0] if level in levels.table else 0.0 for level in one.levels])
    return [
        _Dense(column, slot, one.scale, _weighted(encodings[one.slot][:-1, target], rows))
        for target, (column, (slot,)) in enumerate(encoder.outputs([one], problem.targets).items())
    ]


def _weighted(values: npt.NDArray[np.float64], rows: npt.NDArray[np.float64]) -> NumberSummary:
    count = max(rows.sum(), 1.0)
    mean = float(values @ rows / count)
    off = values - mean
    return NumberSummary(int(count), mean, float((off * off) @ rows), float(values.min()), float(values.max()))


def _scale_stages(spark: SparkSession, kind: str, columns: Sequence[_Dense]) -> list[Transformer]:
    if kind == NONE:
        return []
    scaler = find_scaler(kind)
    names = [column.column for column in columns]
    values = synopsis(spark, {column.column: scaler.synopsis(column.summary) for column in columns})
    assembler = VectorAssembler(inputCols=names, outputCol=f"dense_{kind}")
    fitted = scaler.estimator(f"dense_{kind}", f"scaled_{kind}").fit(assembler.transform(values))
    return [assembler, fitted]


def predictions(model: PipelineModel, problem: LearningTask, rows: DataFrame) -> DataFrame:
    """Return a fitted pipeline's predictions of rows.

    Returns:
        A DataFrame with `_row` (a struct of the input columns) and `prediction` (a double, or the label as text).
        Classifiers add `probabilities` (a map of label to double) and, for two classes, `probability` of the positive
        class. A model without probabilities adds `margin` for two classes.
    """
    scored = model.transform(rows)
    row = F.col("_row")
    if not problem.labels:
        return scored.select(row, F.col("prediction"))
    labels = F.array(*[F.lit(label) for label in problem.labels])
    label = F.element_at(labels, F.col("prediction").cast("int") + 1).alias("prediction")
    if "probability" not in scored.columns:
        return scored.select(row, label, *_without_probabilities(problem))
    shares = vector_to_array(F.col("probability"))
    columns = [F.map_from_arrays(labels, shares).alias("probabilities")]
    if problem.task == "binary":
        columns.append(F.element_at(shares, 2).alias("probability"))
    return scored.select(row, label, *columns)


def has_finite_outputs(answers: DataFrame) -> Column:
    """Return whether all outputs of a row of `predictions` are finite numbers."""

    def is_number(value: Column) -> Column:
        return F.coalesce(F.abs(value) < float("inf"), F.lit(False))  # NaN is the greatest number of Spark

    if "probabilities" not in answers.columns:
        return is_number(F.col("prediction"))
    shares = F.coalesce(F.forall(F.map_values("probabilities"), is_number), F.lit(True))
    return shares & is_number(F.col("margin")) if "margin" in answers.columns else shares


def _without_probabilities(problem: LearningTask) -> list[Column]:
    columns = [F.lit(None).cast("map<string,double>").alias("probabilities")]
    if problem.task == "binary":
        margins = vector_to_array(F.col("rawPrediction"))
        columns += [F.lit(None).cast("double").alias("probability"), F.element_at(margins, 2).alias("margin")]
    return columns

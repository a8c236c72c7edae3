"""Folds of the training rows: everything learned is learned inside a fold, and its features are stored once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.names import quoted
from spark_jobs.errors import DataError
from spark_jobs.models import FitContext, find
from spark_jobs.plan import Plan, make
from spark_jobs.plan.make import default_scaling
from spark_jobs.spec import Spec
from spark_jobs.training.fit import fit_context, learned_features
from spark_jobs.training.labels import metadata
from spark_jobs.training.prepare import Prepared
from spark_jobs.training.staging import HASH, LABEL, NUMBER, WEIGHT, is_staged
from spark_jobs.training.training_profile import TrainingProfile, profile_folds

FOLD = "⟨fold⟩"
DRAWS = 1000
"""A row's `draw` is one of this many numbers; a share of the rows is those with a small number."""
_BYTES_PER_VALUE = 16  # a double from Parquet, a float for the learner, and its bins


@dataclass(frozen=True, slots=True)
class StagedFold:
    """The features of one fold on disk.

    Attributes:
        training: The folder of its training rows: `features`, `label`, `weight`, `draw`.
        validation: The folder of its validation rows.
        context: What an estimator knows about the training rows.
        class_rows: The number of training rows by class index.
        plan: The plan that was made from the fold's training rows.
    """

    training: Path
    validation: Path
    context: FitContext
    class_rows: Mapping[int, int]
    plan: Plan

    @property
    def bytes(self) -> int:
        """The memory that a fit in one task takes, roughly."""
        return self.context.rows * self.context.width * _BYTES_PER_VALUE


class FoldStager:
    """Stages the folds of a training, once for each distinct encoding and scaling.

    Args:
        prepared: The prepared rows.
        folds: The number of folds.
        folder: Where the folds are stored.
    """

    def __init__(self, prepared: Prepared, folds: int, folder: Path) -> None:
        self._prepared, self._folder, self._folds = prepared, folder, folds
        self._staged: dict[str, tuple[StagedFold, ...]] = {}
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()
        by_time = prepared.rule.spec.split.kind == "time"
        parts = folds + 1 if by_time else folds
        training = prepared.training
        fold = prepared.rule.fold(training, F.col(HASH), F.col(NUMBER), parts)
        self._rows = training.withColumn(FOLD, fold)
        # By time, a fold is validated on the part after its training rows; otherwise on the part that it leaves out.
        self._parts = [
            (list(range(k + 1)), k + 1) if by_time else ([part for part in range(parts) if part != k], k)
            for k in range(folds)
        ]

    def check_classes(self) -> None:
        """Check that every class has a row in each fold.

        Raises:
            DataError: A class has fewer rows than there are folds.
        """
        labels, rows = self._prepared.problem.labels, self._prepared.class_rows
        few = {label: rows.get(index, 0) for index, label in enumerate(labels) if rows.get(index, 0) < self._folds}
        if few:
            label, count = min(few.items(), key=lambda item: item[1])
            raise DataError(
                f"`tune.folds` is {self._folds}, but the class '{label}' has {count} training row{'s' * (count != 1)}.",
                "Use fewer folds, merge rare classes, or remove their rows from the source.",
            )

    def staged(self, spec: Spec) -> tuple[StagedFold, ...]:
        """Return the folds with the features of a spec, which are stored on first use.

        Args:
            spec: The spec with the settings of a trial.
        """
        name = feature_set(spec)
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            if name not in self._staged:
                self._staged[name] = self._stage(spec, self._folder / name)
            return self._staged[name]

    def _stage(self, spec: Spec, folder: Path) -> tuple[StagedFold, ...]:
        inspected = self._prepared.inspected
        training = [parts for parts, _ in self._parts]
        longest = inspected.raw.longest
        profiles = profile_folds(
            self._rows, spec, inspected.types, self._prepared.problem, F.col(FOLD), training, longest
        )
        counted = self._counted()
        with ThreadPoolExecutor(2, "folds") as pool:
            staged = [
                pool.submit(self._stage_fold, spec, profile, parts, validation, folder / str(k), counted)
                for k, (profile, (parts, validation)) in enumerate(zip(profiles, self._parts, strict=True))
            ]
            return tuple(one.result() for one in staged)

    def _stage_fold(
        self,
        spec: Spec,
        profile: TrainingProfile,
        parts: Sequence[int],
        validation: int,
        folder: Path,
        counted: Mapping[tuple[int, int], int],
    ) -> StagedFold:
        inspected = self._prepared.inspected
        types = [*inspected.types.values(), *inspected.unread]
        plan = make(spec, types, self._prepared.problem, profile.profile, profile.drops)
        features = learned_features(profile.rows, plan, profile.profile)
        for place, rows, is_training in (
            (folder / "training", profile.rows, True),
            (folder / "validation", self._rows.where(F.col(FOLD) == validation), False),
        ):
            if not is_staged(place):
                frame = _columns(features.transform(rows, training=is_training), plan)
                frame.write.mode("overwrite").parquet(str(place))
        class_rows: dict[int, int] = {}
        for (part, label), count in counted.items():
            if part in parts:
                class_rows[label] = class_rows.get(label, 0) + count
        context = fit_context(plan, profile.profile, features.width)
        return StagedFold(folder / "training", folder / "validation", context, class_rows, plan)

    def _counted(self) -> dict[tuple[int, int], int]:
        """Return the number of rows by part and class; empty for a regression."""
        if not self._prepared.problem.labels:
            return {}
        counts = self._rows.groupBy(FOLD, F.col(LABEL).cast("int").alias("label")).count().collect()
        return {(row[FOLD], row["label"]): row["count"] for row in counts}


def feature_set(spec: Spec) -> str:
    """Return the name of the features that a spec's settings ask for; equal names mean equal features."""
    algorithm, chosen = find(spec.model.kind), spec.features
    scaling = default_scaling(spec) if chosen.numeric == "auto" else chosen.numeric
    key = f"{algorithm.categories}-{chosen.categorical}-{scaling}"
    return f"{key}-{sha256(key.encode()).hexdigest()[:8]}"


def _columns(transformed: DataFrame, plan: Plan) -> DataFrame:
    label, weight, row = (_of_row(name) for name in (LABEL, WEIGHT, HASH))
    draw = F.pmod(F.xxhash64(row, F.lit(plan.seed + 3)), F.lit(DRAWS)).cast("int")
    return transformed.select(
        F.col("features"),
        label.alias("label", metadata=metadata(plan.problem)),
        weight.alias("weight"),
        draw.alias("draw"),
    )


def _of_row(name: str) -> Column:
    return F.col(f"_row.{quoted(name)}")

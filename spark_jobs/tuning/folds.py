"""Folds of the training rows: everything learned is learned inside a fold, and its features are stored once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
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
_AT_ONCE = 2  # folds that are staged at the same time
_BYTES_PER_VALUE = 24  # a double from Parquet, a float for the learner, and its bins or scaled doubles


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
    """Stages the folds of a training, each once for each distinct encoding and scaling.

    Args:
        prepared: The prepared rows.
        count: The number of folds.
        folder: Where the folds are stored.
    """

    def __init__(self, prepared: Prepared, count: int, folder: Path) -> None:
        self._prepared, self._folder, self.count = prepared, folder, count
        self._staged: dict[tuple[str, int], StagedFold] = {}
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        by_time = prepared.rule.spec.split.kind == "time"
        rows, parts = prepared.training, count + 1 if by_time else count
        self._rows = rows.withColumn(FOLD, prepared.rule.fold(rows, F.col(HASH), F.col(NUMBER), parts))
        # By time, a fold is validated on the part after its training rows; otherwise on the part that it leaves out.
        self._parts = [
            (list(range(k + 1)), k + 1) if by_time else ([part for part in range(parts) if part != k], k)
            for k in range(count)
        ]

    def check_classes(self) -> None:
        """Check that each class has as many rows as there are folds, and of two classes each fold has both.

        With more classes, trials can be compared even if a fold has no row of one class.

        Raises:
            DataError: A class has too few rows, or one of two classes is missing from a fold.
        """
        labels, rows = self._prepared.problem.labels, self._prepared.class_rows
        few = {label: rows.get(index, 0) for index, label in enumerate(labels) if rows.get(index, 0) < self.count}
        if few:
            label, count = min(few.items(), key=lambda item: item[1])
            raise DataError(
                f"`tune.folds` is {self.count}, but the class '{label}' has {count} training row{'s' * (count != 1)}.",
                "Use fewer folds, merge rare classes, or remove their rows from the source.",
            )
        if len(labels) == 2:
            for training, validation in self._parts:
                self._check_both(training, "train on")
                self._check_both([validation], "validate on")

    def _check_both(self, parts: Sequence[int], purpose: str) -> None:
        for index, label in enumerate(self._prepared.problem.labels):
            if not any(self._counted.get((part, index)) for part in parts):
                raise DataError(
                    f"`tune.folds` is {self.count}, and a fold has no row of the class '{label}' to {purpose}.",
                    "Use fewer folds, another `split`, or more rows of the class.",
                )

    def staged(self, spec: Spec, numbers: Sequence[int] | None = None) -> tuple[StagedFold, ...]:
        """Return folds with the features of a spec, which are stored on first use.

        Args:
            spec: The spec with the settings of a trial.
            numbers: The folds, by number; by default all.
        """
        name, wanted = feature_set(spec), range(self.count) if numbers is None else numbers
        with self._locks[name]:
            missing = [number for number in wanted if (name, number) not in self._staged]
            if missing:
                self._staged |= self._stage(spec, name, missing)
            return tuple(self._staged[name, number] for number in wanted)

    def _stage(self, spec: Spec, name: str, numbers: Sequence[int]) -> dict[tuple[str, int], StagedFold]:
        inspected, problem = self._prepared.inspected, self._prepared.problem
        training = [self._parts[number][0] for number in numbers]
        longest = inspected.raw.longest
        profiles = profile_folds(self._rows, spec, inspected.types, problem, F.col(FOLD), training, longest)
        with ThreadPoolExecutor(_AT_ONCE, "folds") as pool:
            staged = {
                (name, number): pool.submit(self._stage_fold, spec, profile, number, self._folder / name / str(number))
                for number, profile in zip(numbers, profiles, strict=True)
            }
            return {key: one.result() for key, one in staged.items()}

    def _stage_fold(self, spec: Spec, profile: TrainingProfile, number: int, folder: Path) -> StagedFold:
        inspected, (parts, validation) = self._prepared.inspected, self._parts[number]
        types = [*inspected.types.values(), *inspected.unread]
        plan = make(spec, types, self._prepared.problem, profile.profile, profile.drops)
        features = learned_features(profile.rows, plan, profile.profile)
        places = folder / "training", folder / "validation"
        held_out = self._rows.where(F.col(FOLD) == validation)
        _store(features.transform(profile.rows, training=True), plan, places[0])
        _store(features.transform(held_out), plan, places[1])
        class_rows: Counter[int] = Counter()
        for (part, label), count in self._counted.items():
            class_rows[label] += count if part in parts else 0
        return StagedFold(*places, fit_context(plan, profile.profile, features.width), class_rows, plan)

    @cached_property
    def _counted(self) -> dict[tuple[int, int], int]:
        """The number of rows by part and class; empty for a regression."""
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


def _store(transformed: DataFrame, plan: Plan, place: Path) -> None:
    """Write features, label, weight and draw, unless an interrupted search has."""
    if is_staged(place):
        return
    label, weight, row = (_of_row(name) for name in (LABEL, WEIGHT, HASH))
    draw = F.pmod(F.xxhash64(row, F.lit(plan.seed + 3)), F.lit(DRAWS)).cast("int")
    named = label.alias("label", metadata=metadata(plan.problem)), weight.alias("weight"), draw.alias("draw")
    transformed.select("features", *named).write.mode("overwrite").parquet(str(place))


def _of_row(name: str) -> Column:
    return F.col(f"_row.{quoted(name)}")

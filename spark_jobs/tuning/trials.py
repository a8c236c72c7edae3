"""Trials: settings fitted on every fold, inside executor tasks if the algorithm allows it, else by Spark."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import fmean, pstdev
from threading import Condition

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.errors import JobError
from spark_jobs.models import find, partitions
from spark_jobs.spec import Spec
from spark_jobs.training.evaluation import evaluate
from spark_jobs.training.fit import class_weights, fit_model, weight_of_class
from spark_jobs.tuning.folds import DRAWS, FoldStager, StagedFold
from spark_jobs.tuning.in_task import TaskFit, run_in_tasks
from spark_jobs.tuning.space import Proposal, fixed

TASK_BYTES = 2**30
"""The memory for one fold in an executor task. From a larger fold, a task reads as many rows as fit."""
_MOST_GROWTH = 2.0  # of the boosting rounds, from a part of the rows to all of them


@dataclass(frozen=True, slots=True)
class FoldScore:
    """The metric of one fold: on its validation rows, and on its training rows where it is known.

    `settled` are the options that the fit found, such as the number of boosting rounds, and `share` is the share of the
    training rows that it was fitted on.
    """

    validation: float
    training: float | None
    seconds: float
    settled: Mapping[str, int] = field(default_factory=dict)
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class TrialScore:
    """The scores of a trial by fold; `count` is the number of folds that the rows are divided into."""

    folds: tuple[FoldScore, ...]
    count: int

    @property
    def mean(self) -> float:
        """Return the mean metric of the validation rows."""
        return fmean(one.validation for one in self.folds)

    @property
    def spread(self) -> float:
        """Return the standard deviation of the metric over the folds."""
        return pstdev(one.validation for one in self.folds)

    @property
    def training(self) -> float | None:
        """Return the mean metric of the training rows, if it is known of every fold."""
        known = [one.training for one in self.folds if one.training is not None]
        return fmean(known) if len(known) == len(self.folds) else None

    @property
    def seconds(self) -> float:
        """Return the seconds that the fits took, one after the other."""
        return sum(one.seconds for one in self.folds)

    @property
    def share(self) -> float:
        """Return the smallest share of a fold's training rows that a fit used."""
        return min(one.share for one in self.folds)

    def settled(self) -> dict[str, int]:
        """Return the settled options for a fit on all rows, which are more than a fold's training rows.

        The mean over the folds grows with the square root of the rows, at most to the double.
        """
        growth = [min(_MOST_GROWTH, math.sqrt(self.count / (self.count - 1) / one.share)) for one in self.folds]
        names = {name for one in self.folds for name in one.settled}
        grown = {name: [g * one.settled[name] for g, one in zip(growth, self.folds, strict=True)] for name in names}
        return {name: max(1, round(fmean(values))) for name, values in grown.items()}


def share_of_a_task(kind: str, fold: StagedFold) -> float:
    """Return the share of a fold's rows that a trial is fitted on: as many as fit in a task, or all of them."""
    return TASK_BYTES / max(fold.bytes, TASK_BYTES) if find(kind).fit_in_task else 1.0


def _draws(share: float) -> int:
    return max(1, round(share * DRAWS))


class Slots:
    """The task slots of the cluster, shared by all trials.

    A fit in tasks takes one, and a distributed fit one for each partition of its rows.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._changed = Condition()

    @contextmanager
    def taken(self, wanted: int) -> Iterator[None]:
        """Wait for slots, and hold them in the block."""
        count = min(wanted, self.total)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= count)
            self._free -= count
        try:
            yield
        finally:
            with self._changed:
                self._free += count
                self._changed.notify_all()


@dataclass(frozen=True)
class TrialRunner:
    """Runs trials of one training.

    Attributes:
        spark: The session.
        spec: The spec, without the settings of a trial.
        stager: The folds.
        metric: The metric to optimize.
        slots: The task slots.
    """

    spark: SparkSession
    spec: Spec
    stager: FoldStager
    metric: str
    slots: Slots

    def run(self, proposal: Proposal, folds: tuple[int, ...], share: float = 1.0) -> TrialScore:
        """Fit and evaluate the settings on some folds.

        Args:
            proposal: The settings.
            folds: The folds, by number.
            share: The share of the training rows to fit on.

        Raises:
            JobError: A fit fails, or its metric is not a number.
        """
        spec = proposal.apply(self.spec)
        staged = self.stager.staged(spec, folds)
        fits = [self._task_fit(proposal, spec, fold, share) for fold in staged]
        if find(proposal.kind).fit_in_task:
            with self.slots.taken(1):
                found = run_in_tasks(self.spark, fits)
            scores = [
                FoldScore(one["validation"], one["training"], one["seconds"], one["settled"], fit.draws / DRAWS)
                for one, fit in zip(found, fits, strict=True)
            ]
        else:
            with self.slots.taken(partitions(proposal.kind, staged[0].context.rows) or self.slots.total):
                scores = [self._distributed(spec, fit, fold) for fit, fold in zip(fits, staged, strict=True)]
        for score in scores:
            if not math.isfinite(score.validation):
                raise JobError(f"The {self.metric} of a fold is not a finite number.", "The model may have diverged.")
        return TrialScore(tuple(scores), self.stager.count)

    def _task_fit(self, proposal: Proposal, spec: Spec, fold: StagedFold, share: float) -> TaskFit:
        bounds = find(proposal.kind).search.settled
        open_options = {name: bound for name, bound in bounds.items() if not fixed(self.spec, name)}
        # The fold is shared by trials with and without `model.balance`.
        weights = class_weights(fold.context.classes, fold.class_rows) if spec.model.balance else None
        most = share_of_a_task(proposal.kind, fold)
        return TaskFit(
            kind=proposal.kind,
            params={**spec.model.params, **open_options},
            settled=tuple(open_options),
            context=replace(fold.context, weight=self.spec.weight is not None or spec.model.balance),
            training=str(fold.training),
            validation=str(fold.validation),
            class_weights=weights,
            weighted=self.spec.weight is not None,
            draws=_draws(min(share, most)),
            validation_draws=_draws(most),
            metric=self.metric,
        )

    def _distributed(self, spec: Spec, fit: TaskFit, fold: StagedFold) -> FoldScore:
        """Fit the algorithm's Spark estimator on a fold, and evaluate it as the final model is."""
        start = time.monotonic()
        rows = self.spark.read.parquet(fit.training).where(F.col("draw") < fit.draws)
        validation = self.spark.read.parquet(fit.validation)
        if fit.class_weights is not None:
            weight = F.col("weight") * weight_of_class(F.col("label"), fit.class_weights)
            rows = rows.withColumn("weight", weight)
        model = fit_model(spec.model.kind, spec.model.params, fit.context, rows)
        problem = fold.plan.problem
        evaluation = evaluate(
            model.transform(validation), problem.task, problem.labels, problem.positive, weight=fit.weighted
        )
        if self.metric not in evaluation.metrics:
            raise JobError(f"The model has no {self.metric}.", "Choose another `tune.metric` or `model.kind`.")
        spent = time.monotonic() - start
        return FoldScore(evaluation.metrics[self.metric], None, spent, share=fit.draws / DRAWS)

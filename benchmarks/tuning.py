"""Twenty trials of one algorithm: our search, and Spark's CrossValidator over the whole pipeline, on the same folds."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.tuning import CrossValidator
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.equivalent_pipelines import LABEL, EquivalentPipeline
from benchmarks.interleave import environment
from spark_jobs.columns.names import col
from spark_jobs.models import FitContext, estimator
from spark_jobs.runtime import session
from spark_jobs.runtime.job_groups import task_slots
from spark_jobs.spec import Model, Spec, Tune, load_spec
from spark_jobs.training import staging
from spark_jobs.training.fit import fit
from spark_jobs.training.prepare import Prepared, inspect_source, prepare
from spark_jobs.training.workflow import plan_training
from spark_jobs.tuning.choose import choose_model

DATA, FOLDS, AT_MOST = "benchmarks/conf/adult.yml", 3, 0.4
EQUAL = 0.0005  # of the ROC AUC: what another seed changes


Points = Sequence[dict[str, float]]


@dataclass(frozen=True)
class Measured:
    """The seconds from the prepared rows to the fitted winner, and the best mean ROC AUC of the folds."""

    seconds: float
    score: float


@dataclass(frozen=True)
class Family:
    """An algorithm: options of all trials, the values of each searched one, and the steps of the same pipeline."""

    kind: str
    fixed: Mapping[str, Any]
    searched: Mapping[str, tuple[float, ...]]
    steps: Mapping[str, Any]

    @property
    def points(self) -> list[dict[str, float]]:
        """All combinations of the values."""
        return [dict(zip(self.searched, values, strict=True)) for values in product(*self.searched.values())]


FAMILIES = (
    Family(
        "xgboost",
        {"n_estimators": 100},
        {"max_depth": (3, 4, 5, 6, 8), "learning_rate": (0.05, 0.1), "subsample": (0.7, 1.0)},
        {"encode": "label", "index": "alphabetAsc"},
    ),
    Family(
        "linear",
        {"max_iter": 100},
        {"reg_param": (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 0.3, 1.0), "elastic_net_param": (0.0, 0.5)},
        {"encode": "one_hot", "scale": "standard"},
    ),
)


def run() -> None:
    """Measure each algorithm once, after two settings each that warm up Java, the workers and their imports."""
    print("| model | ours: seconds | CrossValidator | ratio | to reach | | ours: ROC AUC | CrossValidator |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        spark = session.open(environment(folder).model_copy(update={"master": "local[2]"}))
        try:
            for family in FAMILIES:
                _measured(spark, family, family.points[:2], Path(folder) / f"{family.kind}-warm")
                measured = _measured(spark, family, family.points, Path(folder) / family.kind)
                print(_line(family, *measured), flush=True)
        finally:
            session.close(spark)


def _measured(spark: SparkSession, family: Family, points: Points, folder: Path) -> tuple[Measured, Measured]:
    params, tune = dict(family.fixed), Tune(trials=len(points), folds=FOLDS, metric="roc_auc", points=tuple(points))
    asked, _ = load_spec(DATA)
    spec = asked.model_copy(update={"model": Model(kind=family.kind, params=params), "tune": tune})
    prepared = prepare(spec, spark, inspect_source(spec, spark), folder)
    rows = _rows(prepared, folder / "same_rows")
    ours = _timed(f"{family.kind}, ours", lambda: _ours(spec, prepared, folder))
    return ours, _timed(f"{family.kind}, CrossValidator", lambda: _theirs(family, spec, prepared, rows))


def _line(family: Family, ours: Measured, theirs: Measured) -> str:
    ratio = ours.seconds / theirs.seconds
    reached = ratio <= AT_MOST and ours.score >= theirs.score - EQUAL
    seconds = f"{ours.seconds:.1f} | {theirs.seconds:.1f} | {ratio:.2f}"
    scores = f"{ours.score:.4f} | {theirs.score:.4f}"
    return f"| {family.kind} | {seconds} | {AT_MOST} | {'reached' if reached else 'MISSED'} | {scores} |"


def _timed(name: str, job: Callable[[], float]) -> Measured:
    start = time.monotonic()
    score = job()
    spent = time.monotonic() - start
    print(f"{name}: {spent:.1f} s, ROC AUC {score:.5f}", file=sys.stderr, flush=True)
    return Measured(spent, score)


def _ours(spec: Spec, prepared: Prepared, folder: Path) -> float:
    """Stage the folds, search, and fit the winner on all training rows; the best mean score."""
    chosen = choose_model(spec, prepared, folder, folder, lambda record, metric: None)
    planned = plan_training(chosen.spec, prepared, folder)
    fit(planned.training_profile.rows, planned.plan, planned.training_profile.profile, prepared.class_rows)
    tried = [one.settings for one in chosen.result.trials if one.state == "finished"]
    asked = [*(spec.tune or Tune()).points]
    if tried != asked:
        raise SystemExit(f"Not the settings that were asked for were tried: {tried} instead of {asked}")
    return float(chosen.result.best.score or 0.0)


def _theirs(family: Family, spec: Spec, prepared: Prepared, rows: DataFrame) -> float:
    """Fit and evaluate the whole pipeline for each setting and fold, and the best on all rows; the best mean score."""
    context = FitContext("binary", 2, 0, 0, prepared.counts["trained"], weight=False, seed=spec.split.seed)
    model = estimator(family.kind, spec.model.params, context)
    pipeline = EquivalentPipeline(model, *_inputs(rows), together=True, **family.steps).pipeline()
    names = {name: name if model.hasParam(name) else _camel_case(name) for name in family.searched}
    asked = (spec.tune or Tune()).points
    points = [{model.getParam(names[name]): value for name, value in point.items()} for point in asked]
    validator = CrossValidator(
        estimator=pipeline,
        estimatorParamMaps=points,
        evaluator=BinaryClassificationEvaluator(labelCol=LABEL, metricName="areaUnderROC"),
        numFolds=FOLDS,
        foldCol="fold",
        parallelism=task_slots(rows.sparkSession),
    )
    return float(max(validator.fit(rows).avgMetrics))


def _rows(prepared: Prepared, place: Path) -> DataFrame:
    """The same training rows and folds as ours, typed, with the label as an index; stored outside of the clock."""
    rows = prepared.training
    fold = prepared.rule.fold(rows, F.col(staging.HASH), F.col(staging.NUMBER), FOLDS)
    inputs = [kind for name, kind in prepared.inspected.types.items() if name != prepared.problem.target]
    typed = [
        col(one.name).cast("double").alias(f"n{number}") if one.cells == "number" else col(one.name).alias(f"c{number}")
        for number, one in enumerate(inputs)
    ]
    label = F.col(staging.LABEL).cast("double").alias(LABEL)
    rows.select(*typed, label, fold.cast("int").alias("fold")).write.parquet(str(place))
    return rows.sparkSession.read.parquet(str(place))


def _inputs(rows: DataFrame) -> tuple[list[str], list[str]]:
    names = [name for name in rows.columns if name not in (LABEL, "fold")]
    return [name for name in names if name[0] == "n"], [name for name in names if name[0] == "c"]


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)

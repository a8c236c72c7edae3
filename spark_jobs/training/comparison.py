"""Evaluation of an existing model, such as the champion, on the test rows of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.bundle import GRAPH, load_manifest, verify_bundle
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.columns.names import col
from spark_jobs.errors import DataError
from spark_jobs.graph.score import answers
from spark_jobs.pipeline.persistence import load_pipeline
from spark_jobs.plan import Plan
from spark_jobs.plan.learning_task import LearningTask
from spark_jobs.spec import Spec
from spark_jobs.training.evaluation import Evaluation, evaluate
from spark_jobs.training.labels import label
from spark_jobs.training.prepare import Prepared
from spark_jobs.training.staging import LABEL, WEIGHT
from spark_jobs.training.workflow import label_columns

_ANSWER: Final = "⟨answer⟩"


@dataclass(frozen=True)
class _Answered:
    """Rows with a model's output. `row` returns a column of the row; `prediction` of a classifier is a class index."""

    rows: DataFrame
    row: Any
    prediction: Column
    scores: Column | None = None
    name: str = ""


def evaluate_bundle(bundle: Path, spec: Spec, prepared: Prepared, folder: Path) -> Evaluation:
    """Evaluate the model of a bundle on the test rows of a training.

    The model must predict the same target and labels. The training decides which of two labels is positive.

    Args:
        prepared: the rows of the training.
        folder: where the scored rows are stored, so that they are scored once.

    Raises:
        BundleError: a file of the bundle differs from what training wrote.
        DataError: the rows lack a column that the model reads, or its type changed.
    """
    verify_bundle(bundle)
    plan = Plan.from_json((bundle / "plan.json").read_text(encoding="utf-8"))
    _check_columns(plan, prepared)
    rows, place = prepared.test, str(folder / "compared")
    answered = _by_graph(bundle, plan, rows) if (bundle / GRAPH).is_file() else _by_pipeline(bundle, rows)
    _as_evaluated(answered, plan.problem, prepared).write.mode("overwrite").parquet(place)
    problem, scored = prepared.problem, rows.sparkSession.read.parquet(place)
    return evaluate(scored, problem.task, problem.labels, problem.positive, weight=spec.weight is not None)


def evaluate_pipeline(pipeline: PipelineModel, plan: Plan, rows: DataFrame) -> Evaluation:
    """Evaluate a model on labelled rows of any origin.

    Args:
        plan: the model's plan, with the labels and the weight of its training.
        rows: typed as the plan says, with the target and the weight; rows without a label are left out.

    Raises:
        DataError: no row has a label, or only one of the labels occurs.
    """
    task, kind = plan.problem, plan.type_of(plan.problem.target)
    index = label(task, kind, plan.timezone, rows.schema[kind.name].dataType)
    weight = col(plan.weight).cast("double") if plan.weight else F.lit(1.0)
    labelled = rows.withColumns({LABEL: index, WEIGHT: weight}).where(F.col(LABEL).isNotNull())
    answered, row = _transformed(pipeline, labelled), F.col("_row")
    known = F.when(row[LABEL] >= 0, row[LABEL]) if task.labels else row[LABEL]
    columns = [known.alias("label"), answered.prediction.alias("prediction"), row[WEIGHT].alias("weight")]
    if task.labels:
        columns.append(row.getField(kind.name).cast("string").alias("label_text"))
    if answered.scores is not None:
        columns.append(answered.scores.alias(answered.name))
    scored = answered.rows.select(*columns)
    return evaluate(scored, task.task, task.labels, task.positive, weight=plan.weight is not None)


def _check_columns(plan: Plan, prepared: Prepared) -> None:
    types = prepared.inspected.types
    for name in plan.used:
        if name not in types:
            raise DataError(f"the model reads '{name}', which the source no longer has.")
        if types[name].cells != plan.type_of(name).cells:
            was, now = plan.type_of(name).cells, types[name].cells
            raise DataError(f"the model reads '{name}' as {was}, but the source now holds {now}.")


def _by_graph(bundle: Path, plan: Plan, rows: DataFrame) -> _Answered:
    import onnx

    model = onnx.load_model(bundle / GRAPH)
    answer = answers(model, plan, rows, load_manifest(bundle).null_sentinel, TrainingDomain())
    found, said = rows.withColumn(_ANSWER, answer), F.col(_ANSWER)
    if not plan.problem.labels:
        return _Answered(found, col, said["prediction"])
    if any(one.name == "probabilities" for one in model.graph.output):
        return _Answered(found, col, said["prediction"], said["scores"], "probability")
    margin = said["scores"][0]
    both = F.array(-margin, margin) if plan.problem.task == "binary" else said["scores"]
    return _Answered(found, col, said["prediction"], both, "rawPrediction")


def _by_pipeline(bundle: Path, rows: DataFrame) -> _Answered:
    return _transformed(load_pipeline(bundle / "pipeline", rows.sparkSession), rows)


def _transformed(pipeline: PipelineModel, rows: DataFrame) -> _Answered:
    scored = pipeline.transform(rows)
    row, prediction = F.col("_row"), F.col("prediction")
    name = next((one for one in ("probability", "rawPrediction") if one in scored.columns), "")
    return _Answered(scored, row.getField, prediction, vector_to_array(F.col(name)) if name else None, name)


def _as_evaluated(answered: _Answered, own: LearningTask, prepared: Prepared) -> DataFrame:
    """Return the columns that `evaluate` takes, with labels and scores in the training's label order."""
    weight = answered.row(WEIGHT).alias("weight")
    labels = label_columns(prepared, answered.row)
    if answered.scores is None:
        return answered.rows.select(*labels, answered.prediction.alias("prediction"), weight)
    wanted = prepared.problem.labels
    places = F.array(*[F.lit(float(wanted.index(label))) for label in own.labels])
    prediction = F.element_at(places, answered.prediction.cast("int") + 1).alias("prediction")
    scores = answered.scores
    if own.labels != wanted:
        scores = F.array(*[F.element_at(scores, own.labels.index(label) + 1) for label in wanted])
    return answered.rows.select(*labels, prediction, scores.alias(answered.name), weight)

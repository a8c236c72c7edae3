"""Fits inside executor tasks: one task reads one fold from Parquet, fits, and returns the metric."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from spark_jobs.error_translation import translate_error
from spark_jobs.errors import JobError
from spark_jobs.models import ArrayRows, FitContext, find, options
from spark_jobs.training.array_metrics import array_metrics


@dataclass(frozen=True, slots=True)
class TaskFit:
    """One fit of one fold.

    Attributes:
        kind: The algorithm.
        params: Its options.
        settled: The options among them that the fit finds itself, up to their value.
        context: What the algorithm knows about the training rows.
        training: The Parquet folder of the training rows.
        validation: The Parquet folder of the validation rows.
        class_weights: The weight of each class, to balance them; None for equal weights.
        weighted: Whether rows have weights.
        draws: Only training rows whose `draw` is below it are used.
        validation_draws: The same for validation rows.
        metric: The metric to return.
    """

    kind: str
    params: Mapping[str, Any]
    settled: tuple[str, ...]
    context: FitContext
    training: str
    validation: str
    class_weights: Sequence[float] | None
    weighted: bool
    draws: int
    validation_draws: int
    metric: str


def run_in_tasks(spark: SparkSession, fits: Sequence[TaskFit]) -> list[dict[str, Any]]:
    """Run each fit in a task of one Spark job, and return its scores: `validation`, `training`, `seconds`, `settled`.

    Raises:
        JobError: A fit fails; the message is its cause.
    """
    tasks = spark.range(0, len(fits), 1, len(fits))
    found = tasks.mapInArrow(_task(list(fits)), "number long, result string").collect()
    results = [json.loads(row["result"]) for row in sorted(found, key=lambda row: row["number"])]
    failed = next((one["error"] for one in results if "error" in one), None)
    if failed:
        raise JobError(f"A fit failed: {failed}", "Try other settings.")
    return results


def _task(fits: list[TaskFit]) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            numbers = batch.column(0).to_pylist()
            results = [json.dumps(attempt_fit(fits[number])) for number in numbers]
            yield pa.RecordBatch.from_pydict({"number": pa.array(numbers, pa.int64()), "result": results})

    return run


def attempt_fit(fit: TaskFit) -> dict[str, Any]:
    """Return the scores of a fit, or its error; Spark would run a task that raises again."""
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1):  # parallel tasks have one core each
            return _fitted(fit)
    except Exception as error:
        return {"error": translate_error(error).message}


def _fitted(fit: TaskFit) -> dict[str, Any]:
    start = time.monotonic()
    algorithm, task = find(fit.kind), fit.context.task
    if algorithm.fit_in_task is None:
        raise ValueError(f"{fit.kind} cannot be fitted in a task")
    training, weight = _read(fit, fit.training, fit.draws)
    validation, validation_weight = _read(fit, fit.validation, fit.validation_draws)
    if not len(training.label) or not len(validation.label):
        raise JobError("A fold has no rows to train or to validate on.", "Use fewer `tune.folds`.")
    learned = ArrayRows(training.features, training.label, _balanced(fit, training.label, weight))
    held_out = ArrayRows(validation.features, validation.label, _balanced(fit, validation.label, validation_weight))
    model = algorithm.fit_in_task(options(fit.kind, fit.params), fit.context, learned, held_out, fit.metric)
    scores = [
        array_metrics(task, rows.label, model.predict(rows.features), row_weight).get(fit.metric, float("nan"))
        for rows, row_weight in ((validation, validation_weight), (training, weight))
    ]
    settled = {name: value for name, value in model.settled.items() if name in fit.settled}
    spent = time.monotonic() - start
    return {"validation": scores[0], "training": scores[1], "seconds": spent, "settled": settled}


def _read(fit: TaskFit, folder: str, draws: int) -> tuple[ArrayRows, NDArray[np.float64] | None]:
    table = pq.read_table(folder, columns=["features", "label", "weight"], filters=pc.field("draw") < draws)
    label = table.column("label").to_numpy()
    weight = table.column("weight").to_numpy() if fit.weighted else None
    matrix = dense_matrix(table.column("features").combine_chunks(), fit.context.width)
    return ArrayRows(matrix, label, weight), weight


def _balanced(
    fit: TaskFit, label: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    if fit.class_weights is None:
        return weight
    of_class = np.asarray(fit.class_weights, dtype=np.float64)[label.astype(np.int64)]
    return of_class if weight is None else of_class * weight


def dense_matrix(vectors: pa.StructArray, width: int) -> NDArray[np.float32]:
    """Return Spark's vectors as a dense matrix `[N, width]`.

    Args:
        vectors: The stored form of vectors: `type` (0 sparse, 1 dense), `size`, `indices` and `values`.
        width: The length of the vectors.
    """
    dense = vectors.field("type").to_numpy(zero_copy_only=False) == 1
    values = vectors.field("values")
    lengths = pc.list_value_length(values).to_numpy(zero_copy_only=False)
    is_dense = np.repeat(dense, lengths)
    columns = np.empty(len(is_dense), dtype=np.int64)
    columns[is_dense] = np.tile(np.arange(width), int(dense.sum()))
    columns[~is_dense] = pc.list_flatten(vectors.field("indices")).to_numpy(zero_copy_only=False)
    matrix = np.zeros((len(vectors), width), dtype=np.float32)
    matrix[np.repeat(np.arange(len(vectors)), lengths), columns] = pc.list_flatten(values).to_numpy()
    return matrix

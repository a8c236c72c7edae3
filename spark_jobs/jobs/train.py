"""train: train a model on a source and register it as the challenger."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.errors import DataError, SpecError
from spark_jobs.jobs.champion import compare_champion, setup_of
from spark_jobs.jobs.model_search import plan_chosen, search_facts, search_model, with_search
from spark_jobs.jobs.result import Result
from spark_jobs.jobs.run_record import record_run
from spark_jobs.jobs.summary import training_summary
from spark_jobs.profile import scan
from spark_jobs.registry.gate import Comparison
from spark_jobs.registry.publish import TrainingArtifacts, publish_training
from spark_jobs.registry.runs import Run, end_run, start_run
from spark_jobs.registry.tracking import Tracking, preload
from spark_jobs.registry.trial_runs import TrialRuns
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.scoring.batch import batch_id
from spark_jobs.spec import Environment, Spec
from spark_jobs.tables.locks import locked
from spark_jobs.tables.prediction_rows import check_kept
from spark_jobs.tables.quarantine import write_quarantine
from spark_jobs.training.fit import Trained
from spark_jobs.training.prepare import InspectedSource, Prepared, inspect_source, prepare
from spark_jobs.training.workflow import Planned, background_pool, evaluated, fitted, is_fitted, run_key


@dataclass(frozen=True)
class Training:
    """The results of a training, and the folder of its staged rows, which exists until the job ends."""

    prepared: Prepared
    trained: Trained
    done: TrainingArtifacts
    version: ModelVersion
    tracking: Tracking
    folder: Path
    quarantine: str | None = None


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Train, evaluate, log, and register the model as the challenger; record the run in the ledger."""
    with locked(env.root, f"training-{spec.name}"):
        with record_run("train", spec, spark, env) as ledger:
            training = train(spec, spark, env)
            ledger.tell(training.version, training.done.rows)
        forget(training)
    return result(training, {"ledger": ledger.place})


def train(spec: Spec, spark: SparkSession, env: Environment) -> Training:
    """Train and register a challenger without a ledger entry, resuming an interrupted training of the same data.

    The caller removes the folder of staged rows with `forget`.

    Raises:
        DataError: The data cannot be used for training.
        SpecError: The spec does not fit the data.
    """
    tracking = Tracking(spec.track.uri, env.root)
    preload(tracking)
    scan.preload_workers(spark)
    inspected = inspect_source(spec, spark)
    check_kept(list(inspected.types), spec.predictions.keep)
    key = run_key(spec, inspected)
    folder = Path(env.root).resolve() / "runs" / spec.name / key
    _make(folder)
    # A job removes its folder at its end. A folder with a fitted pipeline was left by a job that was interrupted later,
    # perhaps after its MLflow run had FINISHED.
    starting = _starting(tracking, spec, key, ended=is_fitted(folder))
    try:
        prepared = prepare(spec, spark, inspected, folder)
        started = starting.result()
        chosen = search_model(spec, prepared, folder, env, TrialRuns(tracking, starting.result))
        planned = plan_chosen(spec, prepared, folder, chosen)
        with background_pool("champion") as pool, fitted(spec, prepared, planned, folder) as pipeline:
            comparing = pool.submit(compare_champion, spec, tracking, prepared, folder)
            done = _finished(spec, prepared, planned, pipeline.trained, folder)
            done = with_search(done, chosen)
            done = _compared(done, comparing.result())
            quarantine = _quarantined(spec, env, inspected)
            version = publish_training(done, inspected.table.rows, folder, tracking, started, pipeline.proof)
            done = replace(done, warnings=(*done.warnings, *progress.warnings()))
    except BaseException as error:
        _end(tracking, starting, error)
        if isinstance(error, DataError | SpecError):  # refused data or specs leave nothing to resume
            _remove(folder)
        raise
    return Training(prepared, pipeline.trained, done, version, tracking, folder, quarantine)


def forget(training: Training) -> None:
    """Remove the staged rows of a completed training."""
    _remove(training.folder)


def _make(folder: Path) -> None:
    for _ in range(3):  # another training may remove `runs` at the same time
        with suppress(FileNotFoundError):
            return folder.mkdir(parents=True, exist_ok=True)


def _remove(folder: Path) -> None:
    """Remove a folder of staged rows, and `runs/NAME` and `runs` if they are empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # not empty: another interrupted training may be resumed
        folder.parent.rmdir()
        folder.parent.parent.rmdir()


def _quarantined(spec: Spec, env: Environment, inspected: InspectedSource) -> str | None:
    table = inspected.table
    if table.malformed is None or not table.malformed_count:
        return None
    with progress.phase("quarantine"):
        return write_quarantine(table.malformed, env.root, spec.name, batch_id(table)).location


def _finished(spec: Spec, prepared: Prepared, planned: Planned, trained: Trained, folder: Path) -> TrainingArtifacts:
    inspected, training_profile = prepared.inspected, planned.training_profile
    rows = dict(prepared.counts) | {"outliers": training_profile.outliers, "dropped": training_profile.dropped}
    rows["trained"] -= training_profile.outliers + training_profile.dropped
    evaluation = evaluated(spec, prepared, planned, trained, folder)
    return TrainingArtifacts(
        spec=spec,
        plan=planned.plan,
        profile=training_profile.profile,
        evaluation=evaluation,
        importances=trained.importances,
        reading=inspected.table.reading,
        fingerprint=inspected.table.fingerprint,
        rows=rows,
        cells=inspected.lost,
        setup=setup_of(spec, prepared),
        warnings=(*inspected.warnings, *evaluation.notes),
    )


def _compared(done: TrainingArtifacts, champion: Comparison | None) -> TrainingArtifacts:
    told = []
    if champion is not None and champion.error:
        told = [f"The gate cannot compare this model with the champion, version {champion.version}. {champion.error}"]
    elif champion is not None and champion.caution:
        told = [f"The comparison may favor the champion, version {champion.version}. {champion.caution}"]
    return replace(done, champion=champion, warnings=(*done.warnings, *told))


def _starting(tracking: Tracking, spec: Spec, key: str, ended: bool) -> Future[Run]:
    """Start the MLflow run in a thread while rows are staged, since MLflow takes seconds to import."""
    pool = ThreadPoolExecutor(1, "mlflow")
    starting = pool.submit(start_run, tracking, spec.track.experiment or spec.name, key, ended=ended)
    pool.shutdown(wait=False)
    return starting


def _end(tracking: Tracking, starting: Future[Run], error: BaseException) -> None:
    """End the MLflow run: `FAILED` after an error, `KILLED` after an interruption, which can be resumed."""
    if starting.exception() is not None:
        return
    if isinstance(error, Exception):
        end_run(tracking, starting.result().run_id, "FAILED", str(error))
    else:
        end_run(tracking, starting.result().run_id, "KILLED")


def result(training: Training, tables: Mapping[str, str]) -> Result:
    """Return the result of `train`."""
    done, version = training.done, training.version
    malformed = {f"{done.spec.name}_quarantine": training.quarantine} if training.quarantine else {}
    return Result(
        job="train",
        run_id=version.run_id,
        model={"name": version.name, "version": version.version, "alias": "challenger"},
        metrics=done.evaluation.metrics,
        rows=done.rows,
        cells=done.cells,
        tables={**tables, **malformed},
        bundle=str(version.bundle),
        left_out=done.plan.left_out,
        warnings=done.warnings,
        seconds=progress.seconds(),
        extra={**champion_metrics(done), **search_facts(done)},
        summary=training_summary(done, version, training.tracking),
    )


def champion_metrics(done: TrainingArtifacts) -> dict[str, object]:
    """Return the champion's metrics on the same test rows, if there is a champion."""
    champion = done.champion
    return {"champion": {"version": champion.version, "metrics": champion.metrics}} if champion else {}

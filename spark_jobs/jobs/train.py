"""train: train a model on a source and register it as the challenger."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.errors import DataError, SpecError
from spark_jobs.jobs.run_record import record_run
from spark_jobs.profile import scan
from spark_jobs.registry.artifacts import TrainingArtifacts, collect_artifacts
from spark_jobs.registry.background_run import background_run
from spark_jobs.registry.champion import compare_champion
from spark_jobs.registry.publish import publish_training
from spark_jobs.registry.tracking import Tracking, preload
from spark_jobs.registry.trial_runs import TrialRuns
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.results.result import Result
from spark_jobs.results.training import training_result
from spark_jobs.scoring.score_batch import quarantine_malformed
from spark_jobs.spec import Environment, Spec
from spark_jobs.tables.locks import locked
from spark_jobs.tables.prediction_rows import check_kept
from spark_jobs.training.fit import Trained
from spark_jobs.training.prepare import Prepared, inspect_source, prepare
from spark_jobs.training.run_folder import create_run_folder, remove_run_folder
from spark_jobs.training.workflow import background_pool, fitted, is_fitted, run_key
from spark_jobs.tuning.choose import plan_best


@dataclass(frozen=True)
class Training:
    """The results of a training, and the folder of its staged rows, which exists until the job ends."""

    prepared: Prepared
    trained: Trained
    done: TrainingArtifacts
    version: ModelVersion
    tracking: Tracking
    folder: Path
    quarantine: Mapping[str, str] = field(default_factory=dict)


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Train, evaluate, log, and register the model as the challenger; record the run in the ledger."""
    with locked(env.root, f"training-{spec.name}"):
        with record_run("train", spec, spark, env) as ledger:
            training = train(spec, spark, env)
            ledger.tell(training.version, training.done.rows)
        remove_run_folder(training.folder)
    tables = {"ledger": ledger.place, **training.quarantine}
    return training_result(training.done, training.version, training.tracking, tables)


def train(spec: Spec, spark: SparkSession, env: Environment) -> Training:
    """Train and register a challenger without a ledger entry, resuming an interrupted training of the same data.

    The caller removes the folder of staged rows with `remove_run_folder`.

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
    folder = create_run_folder(env.root, spec.name, key)
    experiment = spec.track.experiment or spec.name
    # A job removes its folder at its end. A folder with a fitted pipeline was left by a job that was interrupted later,
    # perhaps after its MLflow run had FINISHED.
    try:
        with background_run(tracking, experiment, key, ended=is_fitted(folder)) as starting:
            prepared = prepare(spec, spark, inspected, folder)
            started = starting.result()
            with closing(TrialRuns(tracking, starting.result)) as runs:
                search, planned = plan_best(spec, prepared, folder, Path(env.root).resolve(), runs.log)
            with background_pool("champion") as pool, fitted(spec, prepared, planned, folder) as pipeline:
                comparing = pool.submit(compare_champion, spec, tracking, prepared, folder)
                done = collect_artifacts(spec, prepared, planned, pipeline.trained, folder)
                done = done.with_champion(comparing.result()).with_search(search)
                quarantine = quarantine_malformed(spec, env, inspected.table)
                version = publish_training(done, inspected.table.rows, folder, tracking, started, pipeline.proof)
                done = replace(done, warnings=(*done.warnings, *progress.warnings()))
    except (DataError, SpecError):  # refused data or specs leave nothing to resume
        remove_run_folder(folder)
        raise
    return Training(prepared, pipeline.trained, done, version, tracking, folder, quarantine)

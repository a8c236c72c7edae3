"""One training, from the rows to the evaluated pipeline; finished steps of an interrupted run are reused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.utils import is_remote

from spark_jobs import progress
from spark_jobs.columns.names import quoted
from spark_jobs.graph.verification import HELD_OUT, Compiled, VerificationResult, compile_saved, verify_graph
from spark_jobs.models import check_supported
from spark_jobs.pipeline.persistence import AT_ONCE, PipelineSaver, load_pipeline
from spark_jobs.plan import Plan, make
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Spec, dump
from spark_jobs.tables.atomic_write import atomic_write
from spark_jobs.training.evaluation import Evaluation, evaluate
from spark_jobs.training.fit import Trained, fit, learned_features
from spark_jobs.training.labels import remap_labels
from spark_jobs.training.parts import check_parts
from spark_jobs.training.prepare import InspectedSource, Prepared
from spark_jobs.training.staging import LABEL, NUMBER, WEIGHT
from spark_jobs.training.training_profile import TrainingProfile, load_training_profile, profile_training_rows

_FITTED = "fitted.json"


@dataclass(frozen=True)
class Planned:
    """The profiled training rows and the plan made from them."""

    training_profile: TrainingProfile
    plan: Plan


def run_key(spec: Spec, inspected: InspectedSource) -> str:
    """Return the key of a training: the same for the same spec over the same data."""
    return sha256(f"{dump(spec)}\n{inspected.table.fingerprint}".encode()).hexdigest()[:32]


def plan_training(spec: Spec, prepared: Prepared, folder: Path | None = None) -> Planned:
    """Profile the training rows and make the plan, before anything is fitted.

    Args:
        folder: where the profile is stored for an interrupted run; None to store nothing.

    Raises:
        DataError: the split leaves no training rows, no test rows or a single label.
    """
    inspected = prepared.inspected
    check_parts(prepared)
    check_supported(spec.model.kind, inspected.problem.task)
    with progress.phase("profiling"):
        training_profile = _training_profile(spec, prepared, folder)
    types = [*inspected.types.values(), *inspected.unread]
    return Planned(
        training_profile, make(spec, types, prepared.problem, training_profile.profile, training_profile.drops)
    )


def _training_profile(spec: Spec, prepared: Prepared, folder: Path | None) -> TrainingProfile:
    """Return the training profile; it is stored before use, because its quantiles differ slightly between runs."""
    inspected, store = prepared.inspected, folder / "lesson.json" if folder else None
    if store is None or not store.is_file():
        training_profile = profile_training_rows(
            prepared.training, spec, inspected.types, prepared.problem, inspected.raw.longest
        )
        if store is None:
            return training_profile
        counts = {"drops": training_profile.drops, "outliers": training_profile.outliers}
        kept = {**counts, "dropped": training_profile.dropped, "profile": training_profile.profile.to_json()}
        atomic_write(store, json.dumps(kept))
    stored = json.loads(store.read_text(encoding="utf-8"))
    profile = Profile.from_json(stored.pop("profile"))
    stored["drops"] = {name: tuple(pair) for name, pair in stored["drops"].items()}
    return load_training_profile(prepared.training, spec, inspected.types, profile, **stored)


def is_fitted(folder: Path) -> bool:
    """Return whether a fitted pipeline is saved completely below `folder`."""
    return (folder / _FITTED).is_file()


@dataclass(frozen=True)
class Fitted:
    """A fitted pipeline. `proof` waits until it is saved and verified, and returns None if no graph is wanted."""

    trained: Trained
    proof: Callable[[], VerificationResult | None]


@contextmanager
def fitted(spec: Spec, prepared: Prepared, planned: Planned, folder: Path) -> Iterator[Fitted]:
    """Yield the fitted pipeline, or load it from below `folder` if an interrupted run saved it.

    While the block runs, the pipeline is saved, loaded again, compiled and verified in the background.
    """
    with background_pool("saving", AT_ONCE + 1) as pool:
        wanted = spec.graph != "skip"
        if is_fitted(folder):
            trained, saved = _taken_up(prepared, folder)
        else:
            trained, saved = _fitted(prepared, planned, folder, pool, load=wanted)
        prove = partial(_proven, prepared, planned, folder, saved)
        # With Spark Connect all threads share one session, and verification changes its time zone.
        answer = pool.submit(prove).result if wanted and not is_remote() else prove

        def proof() -> VerificationResult | None:
            with progress.phase("saving"):
                saved()
            if not wanted:
                return None
            with progress.phase("proving"):
                return answer()

        yield Fitted(trained, proof)


@contextmanager
def background_pool(name: str, threads: int = 1) -> Iterator[ThreadPoolExecutor]:
    """Yield a thread pool whose threads end with the block, unless the user interrupts it."""
    pool = ThreadPoolExecutor(threads, name)
    try:
        yield pool
    except BaseException as error:
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    pool.shutdown()


Saved = Callable[[], PipelineModel]


def _taken_up(prepared: Prepared, folder: Path) -> tuple[Trained, Saved]:
    stored = json.loads((folder / _FITTED).read_text(encoding="utf-8"))
    found = tuple((str(name), float(value)) for name, value in stored)
    loaded = load_pipeline(folder / "pipeline", prepared.rows.sparkSession)
    return Trained(loaded, found), lambda: loaded


def _fitted(
    prepared: Prepared, planned: Planned, folder: Path, pool: ThreadPoolExecutor, load: bool
) -> tuple[Trained, Saved]:
    rows, plan, profile = planned.training_profile.rows, planned.plan, planned.training_profile.profile
    with progress.phase("fitting"):
        features = learned_features(rows, plan, profile)
        saver = PipelineSaver(folder / "pipeline", rows.sparkSession, pool, len(features.stages) + 1, load)
        saver.save(*features.stages)
        trained = fit(rows, plan, profile, prepared.class_rows, features)
    saver.save(trained.pipeline.stages[-1])

    def saved() -> PipelineModel:
        loaded = saver.finish()
        atomic_write(folder / _FITTED, json.dumps(trained.importances))
        return loaded

    return trained, pool.submit(saved).result


def _proven(prepared: Prepared, planned: Planned, folder: Path, saved: Saved) -> VerificationResult:
    spark = planned.training_profile.rows.sparkSession
    return proven(prepared, planned, compile_saved(planned.plan, folder / "pipeline", saved(), spark))


def proven(prepared: Prepared, planned: Planned, compiled: Compiled) -> VerificationResult:
    """Verify a graph on test rows."""
    tested, enough = prepared.counts["tested"], HELD_OUT + HELD_OUT // 10  # the margin keeps the sample above HELD_OUT
    drawn = F.pmod(F.xxhash64(F.col(NUMBER)), F.lit(tested)) < enough
    return verify_graph(compiled, planned.plan, prepared.test.where(drawn) if tested > enough else prepared.test)


def evaluated(spec: Spec, prepared: Prepared, planned: Planned, trained: Trained, folder: Path) -> Evaluation:
    """Evaluate the pipeline on the test rows, which are scored once and stored below `folder`."""
    problem = planned.plan.problem
    with progress.phase("evaluating"):
        place = str(folder / "scored")
        _scored(spec, prepared, trained.pipeline).write.mode("overwrite").parquet(place)
        scored = prepared.rows.sparkSession.read.parquet(place)
        asked = spec.evaluate
        return evaluate(
            scored,
            problem.task,
            problem.labels,
            problem.positive,
            threshold_for=asked.threshold,
            slices=asked.slices,
            weight=spec.weight is not None,
            constant=_mean_target(planned),
        )


def _mean_target(planned: Planned) -> float | None:
    column = planned.training_profile.profile.columns.get(planned.plan.problem.target)
    numbers = column.numbers if column is not None else None
    return numbers.mean if numbers is not None and numbers.count else None


def _scored(spec: Spec, prepared: Prepared, pipeline: PipelineModel) -> DataFrame:
    scored = pipeline.transform(prepared.test)
    row = F.col("_row")
    vectors = [name for name in ("probability", "rawPrediction") if name in scored.columns][:1]
    outputs = [F.col("prediction"), *(vector_to_array(F.col(name)).alias(name) for name in vectors)]
    slices = [F.col(f"_row.{quoted(name)}").alias(name) for name in spec.evaluate.slices]
    columns = label_columns(prepared, row.getField)
    return scored.select(*columns, *outputs, row[WEIGHT].alias("weight"), *slices)


def label_columns(prepared: Prepared, row: Callable[[str], Column]) -> list[Column]:
    """Return the label columns that `evaluate` takes; `row` returns a column of the test row."""
    label, every = row(LABEL), prepared.inspected.problem
    if not every.labels:
        return [label.alias("label")]
    text = F.element_at(F.array(*[F.lit(one) for one in every.labels]), label.cast("int") + 1)
    return [remap_labels(label, every, prepared.problem).alias("label"), text.alias("label_text")]

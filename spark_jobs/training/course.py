"""One training from the rows to the evaluated pipeline; what an interrupted one had finished is used again."""

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
from spark_jobs.graph.proof import HELD_OUT, Compiled, Proven, compile_saved, prove
from spark_jobs.models import check_supported
from spark_jobs.pipeline.persistence import AT_ONCE, PipelineSaver, load_pipeline
from spark_jobs.plan import Plan, make
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Spec, dump
from spark_jobs.tables.atomic_write import write_whole
from spark_jobs.training.evaluation import Evaluation, evaluate
from spark_jobs.training.fit import Trained, fit, learned_features
from spark_jobs.training.labels import relabelled
from spark_jobs.training.learn import Lesson, learn, relearn
from spark_jobs.training.parts import check_parts
from spark_jobs.training.prepare import Looked, Prepared
from spark_jobs.training.staging import LABEL, NUMBER, WEIGHT

_FITTED = "fitted.json"


@dataclass(frozen=True)
class Planned:
    """The rows that are trained on, their profile and the plan made of it."""

    lesson: Lesson
    plan: Plan


def run_key(spec: Spec, looked: Looked) -> str:
    """What a training is of: the same spec over the same data has the same key."""
    return sha256(f"{dump(spec)}\n{looked.table.fingerprint}".encode()).hexdigest()[:32]


def plan_training(spec: Spec, prepared: Prepared, folder: Path | None = None) -> Planned:
    """Profile the training rows and decide everything, before anything is fitted."""
    looked = prepared.looked
    check_parts(prepared)
    check_supported(spec.model.kind, looked.problem.task)
    with progress.phase("profiling"):
        lesson = _lesson(spec, prepared, folder)
    types = [*looked.types.values(), *looked.unread]
    return Planned(lesson, make(spec, types, prepared.problem, lesson.profile, lesson.drops))


def _lesson(spec: Spec, prepared: Prepared, folder: Path | None) -> Lesson:
    """The profile is written before it is used: its quantiles differ a little from run to run."""
    looked, store = prepared.looked, folder / "lesson.json" if folder else None
    if store is None or not store.is_file():
        lesson = learn(prepared.training, spec, looked.types, prepared.problem, looked.raw.longest)
        if store is None:
            return lesson
        write_whole(store, json.dumps({"drops": lesson.drops, "outliers": lesson.outliers, "dropped": lesson.dropped,
                                       "profile": lesson.profile.to_json()}))  # fmt: skip
    stored = json.loads(store.read_text(encoding="utf-8"))
    profile = Profile.from_json(stored.pop("profile"))
    stored["drops"] = {name: tuple(pair) for name, pair in stored["drops"].items()}
    return relearn(prepared.training, spec, looked.types, profile, **stored)


def is_fitted(folder: Path) -> bool:
    """Whether a pipeline was fitted below `folder` and saved to its end."""
    return (folder / _FITTED).is_file()


@dataclass(frozen=True)
class Fitted:
    """A fitted pipeline. `proof` waits until it is saved and proven; None where no graph is wanted."""

    trained: Trained
    proof: Callable[[], Proven | None]


@contextmanager
def fitted(spec: Spec, prepared: Prepared, planned: Planned, folder: Path) -> Iterator[Fitted]:
    """The pipeline: fitted, or loaded from below `folder` where an interrupted run had saved it.

    It is saved, loaded again, compiled and proven beside what the block does.
    """
    with beside("saving", AT_ONCE + 1) as pool:
        wanted = spec.graph != "skip"
        if is_fitted(folder):
            trained, saved = _taken_up(prepared, folder)
        else:
            trained, saved = _fitted(prepared, planned, folder, pool, load=wanted)
        prove = partial(_proven, prepared, planned, folder, saved)
        # With Spark Connect all work in one session, whose time zone the proof changes.
        answer = pool.submit(prove).result if wanted and not is_remote() else prove

        def proof() -> Proven | None:
            with progress.phase("saving"):
                saved()
            if not wanted:
                return None
            with progress.phase("proving"):
                return answer()

        yield Fitted(trained, proof)


@contextmanager
def beside(name: str, threads: int = 1) -> Iterator[ThreadPoolExecutor]:
    """Threads that have ended when the block has, unless somebody interrupts it."""
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
    rows, plan, profile = planned.lesson.rows, planned.plan, planned.lesson.profile
    with progress.phase("fitting"):
        features = learned_features(rows, plan, profile)
        saver = PipelineSaver(folder / "pipeline", rows.sparkSession, pool, len(features.stages) + 1, load)
        saver.save(*features.stages)
        trained = fit(rows, plan, profile, prepared.class_rows, features)
    saver.save(trained.pipeline.stages[-1])

    def saved() -> PipelineModel:
        loaded = saver.finish()
        write_whole(folder / _FITTED, json.dumps(trained.importances))
        return loaded

    return trained, pool.submit(saved).result


def _proven(prepared: Prepared, planned: Planned, folder: Path, saved: Saved) -> Proven:
    spark = planned.lesson.rows.sparkSession
    return proven(prepared, planned, compile_saved(planned.plan, folder / "pipeline", saved(), spark))


def proven(prepared: Prepared, planned: Planned, compiled: Compiled) -> Proven:
    """A graph, proven on test rows."""
    tested, enough = prepared.counts["tested"], HELD_OUT + HELD_OUT // 10  # by chance never below HELD_OUT
    drawn = F.pmod(F.xxhash64(F.col(NUMBER)), F.lit(tested)) < enough
    return prove(compiled, planned.plan, prepared.test.where(drawn) if tested > enough else prepared.test)


def evaluated(spec: Spec, prepared: Prepared, planned: Planned, trained: Trained, folder: Path) -> Evaluation:
    """How good the pipeline is on the test rows, which are scored once and kept below `folder` to be counted."""
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
        )


def _scored(spec: Spec, prepared: Prepared, pipeline: PipelineModel) -> DataFrame:
    scored = pipeline.transform(prepared.test)
    row = F.col("_row")
    vectors = [name for name in ("probability", "rawPrediction") if name in scored.columns][:1]
    outputs = [F.col("prediction"), *(vector_to_array(F.col(name)).alias(name) for name in vectors)]
    slices = [F.col(f"_row.{quoted(name)}").alias(name) for name in spec.evaluate.slices]
    columns = label_columns(prepared, row.getField)
    return scored.select(*columns, *outputs, row[WEIGHT].alias("weight"), *slices)


def label_columns(prepared: Prepared, row: Callable[[str], Column]) -> list[Column]:
    """What `evaluate` takes of a test row's target; `row` gives a column of the row."""
    label, every = row(LABEL), prepared.looked.problem
    if not every.labels:
        return [label.alias("label")]
    text = F.element_at(F.array(*[F.lit(one) for one in every.labels]), label.cast("int") + 1)
    return [relabelled(label, every, prepared.problem).alias("label"), text.alias("label_text")]
